"""What reaches the kernel: the flow, the signed body and attestations, nothing to be joined.

Generated from schemas/avro/proposal.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    flow: Envelope
    body: Envelope
    attestations: tuple[Envelope, ...]
