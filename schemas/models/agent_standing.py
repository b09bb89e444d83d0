"""Standing of one agent on this account.

Generated from schemas/avro/agent_standing.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStanding:
    agent_id: str
    standing: Standing
