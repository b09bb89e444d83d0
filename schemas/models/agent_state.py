"""A worker's word on itself.

Generated from schemas/avro/agent_state.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.worker_state import WorkerState


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    agent_id: str
    state: WorkerState
    until: int | None = None
    reason: str | None = None
    at: int
