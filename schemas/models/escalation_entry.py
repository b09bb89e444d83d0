"""A flow handed to a person, or taken back by the clock.

Generated from schemas/avro/escalation_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.flow_status import FlowStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationEntry:
    dfid: bytes
    account: str
    reason: int
    expires_at: int
    flow_status: FlowStatus
