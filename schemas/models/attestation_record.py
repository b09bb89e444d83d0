"""A signed attestation as it travels.

Generated from schemas/avro/attestation_record.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationRecord:
    attestation: Envelope
