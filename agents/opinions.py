"""What an agent is given and what it may think: one case in, one opinion out, nothing else in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rules.contract import Contract
from rules.mandate import named
from schemas.models import (
    Action,
    Fact,
    FlowOpened,
    FlowRecord,
    Guidance,
    InstrumentView,
    Mandate,
    MandateView,
    Position,
    RefinementRound,
    ReportKind,
    TimeInForce,
    WokenAgent,
)
from schemas.money import CONTEXT
from schemas.reasons import LaneReason

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an instrument is traded: price step, quantity step, smallest order (instrument's quantity)."""

    tick: Decimal
    lot: Decimal
    min_order: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One flow as one woken agent sees it. ``flow_hash`` is H_flow; nothing here is newer than taken_at.

    contract: as it holds in this flow; under a mandate it is tightened by the parent's.
    """

    flow: FlowOpened
    flow_hash: bytes
    record: FlowRecord
    woken: WokenAgent
    contract: Contract
    terms: Mapping[str, Terms]

    @property
    def instrument(self) -> str:
        """The instrument the trigger was about."""
        return self.flow.trigger.instrument

    @property
    def mandate(self) -> MandateView | None:
        """The mandate that a child flow acts under; None for another flow, or when it stands no more."""
        return named(self.flow.snapshot.account.mandates, self.flow.parent, self.flow.parent_step)

    @property
    def view(self) -> InstrumentView | None:
        """The trigger's instrument in the snapshot, or None when the selector knew nothing of it."""
        return view_of(self.flow, self.instrument)

    @property
    def position(self) -> Position | None:
        """What the account holds of the trigger's instrument; None for nothing."""
        return position_of(self.flow, self.instrument)

    @property
    def free(self) -> Decimal:
        """The quantity held and not yet reserved for sale."""
        held = self.position
        return ZERO if held is None else CONTEXT.subtract(held.quantity, held.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal before it is checked. Quantity 0 for HOLD and HALT; an absent price is not a zero."""

    action: Action
    instrument: str | None
    quantity: Decimal = ZERO
    limit_price: Decimal | None = None
    stop: Decimal | None = None
    target_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.IOC
    confidence: Decimal
    explain: str
    guidance: Guidance | None = None
    mandate: Mandate | None = None  # of a MANDATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No proposal, and why: the other answer that an agent may sign."""

    kind: ReportKind = ReportKind.NO_PROPOSAL
    reason: LaneReason
    facts: tuple[Fact, ...] = ()
    explain: str


Opinion = Draft | Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An opinion that went through refinement, with the drafts that were sent back."""

    opinion: Opinion
    rounds: tuple[RefinementRound, ...] = ()


def view_of(flow: FlowOpened, instrument: str) -> InstrumentView | None:
    """An instrument's features in the flow's snapshot."""
    return next((view for view in flow.snapshot.instruments if view.instrument == instrument), None)


def position_of(flow: FlowOpened, instrument: str) -> Position | None:
    """An instrument's position in the account view of the flow's snapshot."""
    held = (each for each in flow.snapshot.account.positions if each.instrument == instrument)
    return next((each for each in held if each.quantity != 0), None)


def return_over(view: InstrumentView, window_s: int) -> Decimal | None:
    """Return over a window as a fraction; None while the window is not yet known."""
    return next((each.value for each in view.returns if each.window_s == window_s), None)


def fact(name: str, value: Decimal | int) -> Fact:
    """A figure that rides with an answer."""
    return Fact(name=name, value=Decimal(value))
