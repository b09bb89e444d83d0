"""The flow and its context in one, signed by the selector; it travels beside every signed body.

Generated from schemas/avro/flow_opened.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.lane import Lane
from schemas.models.snapshot import Snapshot
from schemas.models.trigger import Trigger
from schemas.models.woken_agent import WokenAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOpened:
    ledger: bytes
    dfid: bytes
    parent: bytes | None = None
    parent_step: str | None = None  # Of a child: the mandate's step.
    child_number: int | None = None  # Of a child: its number under the mandate, from 1.
    account: str
    decision_class: str
    lane: Lane
    attempt: int
    steps: tuple[str, ...]
    trigger: Trigger
    woken: tuple[WokenAgent, ...]
    policy_hint: str | None = None
    routing_hash: bytes
    deadline: int
    flow_expires_at: int
    snapshot: Snapshot
