"""A verdict as the selector and people read it.

Generated from schemas/avro/verdict_record.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.action import Action
from schemas.models.fact import Fact
from schemas.models.flow_status import FlowStatus
from schemas.models.lane import Lane
from schemas.models.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRecord:
    account: str
    dfid: bytes
    attempt: int
    agent_id: str | None = None
    lane: Lane
    action: Action | None = None
    verdict: Verdict
    reason: int
    facts: tuple[Fact, ...]
    reopens: bool  # Curable and attempts left: the selector may open the next attempt.
    flow_status: FlowStatus
    intent_key: bytes | None = None
    outcome: str | None = None
    explain_commitment: bytes | None = None
    seq: int
    at: int
