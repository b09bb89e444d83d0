"""One flow's life as the ledger tells it, from its FLOW entry to its one outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from schemas.models import Envelope, Fact, FlowStatus, HumanChoice, Lane

FLOWS_MAX = 1_000_000
CONTEXTS_MAX = 16  # signed contexts of one flow that reach the ledger; an honest flow has one an attempt
COMPENSATION = "comp-"  # begins the step ids of orders the kernel itself makes; no flow may name such a step
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """One attempt that a fresh context might have cured, and why it was refused."""

    attempt: int
    reason: int
    facts: tuple[Fact, ...]


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
    refusals: the curable ones so far, at most one a context. traded: instrument -> net quantity that this
    flow's orders bought (below zero: sold). dirty: it failed half-way. compensations: how many were ruled on.
    settled: key -> filled, of orders that a person answered for; the venue may still say otherwise.
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
    refusals: list[Attempted] = field(default_factory=list)
    traded: dict[str, Decimal] = field(default_factory=dict)
    dirty: bool = False
    compensations: int = 0
    settled: dict[bytes, Decimal] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether the flow has its outcome."""
        return self.status in FINAL or (self.status is FlowStatus.REJECTED and not self.reopens)

    def approval_lapsed(self) -> None:
        """What a person approved and gate 1 refused (its key was revoked since) hangs no longer."""
        if self.approval is not None:
            self.ended(FlowStatus.REJECTED)
            self.steps.clear()

    @property
    def answered(self) -> bool:
        """Whether nobody's answer is wanted: it is over, a person has it, or its order is out."""
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
            self.refusals.clear()
