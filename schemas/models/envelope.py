"""DSSE: signed bytes with their type; signatures sorted by keyid and unique.

Generated from schemas/avro/envelope.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.signature import Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    payload_type: str  # application/vnd.interlock.<message>.v1
    payload: bytes  # Schema hash (32 bytes) followed by the Avro body.
    signatures: tuple[Signature, ...]
