"""An agent asked to answer under the contract version named.

Generated from schemas/avro/woken_agent.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.past_decision import PastDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class WokenAgent:
    agent_id: str
    version: str
    contract_hash: bytes
    veto: bool
    priority: int
    trajectory: tuple[PastDecision, ...]
