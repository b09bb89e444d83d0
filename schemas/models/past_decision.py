"""One decision of an agent's own past, handed to it: its memory is the log.

Generated from schemas/avro/past_decision.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.action import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    dfid: bytes
    attempt: int
    action: Action | None = None
    verdict: str
    reason: int
    outcome: str | None = None
    explain_commitment: bytes
