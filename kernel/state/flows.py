"""One flow's life as the ledger tells it, from its FLOW entry to its one outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from schemas.models import Envelope, FlowStatus, HumanChoice, Lane

FLOWS_MAX = 1_000_000
CONTEXTS_MAX = 16  # signed contexts of one flow that reach the ledger; an honest flow has one an attempt
FINAL = frozenset({FlowStatus.CLOSED, FlowStatus.ABORTED})
BUSY = frozenset({FlowStatus.ESCALATED, FlowStatus.EXECUTING, FlowStatus.SUSPENDED})


@dataclass(slots=True, kw_only=True)
class Held:
    """What waits for a person: the exact bytes he is shown and must name by digest."""

    digest: bytes
    body: Envelope
    attestations: tuple[Envelope, ...]
    attempt: int
    agent_id: str
    reason: int
    step_id: str


@dataclass(slots=True, kw_only=True)
class Approval:
    """A person's answer, folded and waiting for its decision in the same transaction."""

    choice: HumanChoice
    digest: bytes
    price_shown: Decimal | None
    quantity: Decimal | None


@dataclass(slots=True, kw_only=True)
class Flow:
    """open_attempt: the one attempt that may be answered. reopens: REJECTED, waiting for the next attempt.

    contexts: H_flow of every FLOW entry of this flow. opened: the latest one, kept while the flow lives.
    """

    dfid: bytes
    account: str
    lane: Lane
    decision_class: str
    trigger_time: int
    expires_at: int
    open_attempt: int
    attempt: int
    flow_hash: bytes
    contexts: list[bytes]
    opened: Envelope | None
    status: FlowStatus = FlowStatus.ACTIVE
    reopens: bool = False
    exhausted: bool = False
    steps: dict[str, bytes] = field(default_factory=dict)  # step id -> key that took or holds it
    tokens: dict[str, int] = field(default_factory=dict)  # agent id -> tokens spent on this flow
    held: Held | None = None
    approval: Approval | None = None

    @property
    def final(self) -> bool:
        """Whether the flow has its outcome."""
        return self.status in FINAL or (self.status is FlowStatus.REJECTED and not self.reopens)

    @property
    def answered(self) -> bool:
        """Whether no agent's answer can move it any more: it is over, or waits for a person or the venue."""
        return self.final or self.status in BUSY

    def ended(self, status: FlowStatus) -> None:
        """Give the flow its status; what only a living flow needs is let go of."""
        self.status = status
        self.reopens = False
        self.approval = None
        if status not in (FlowStatus.ESCALATED, FlowStatus.EXHAUSTED):
            self.held = None
        if self.final:
            self.opened = None
