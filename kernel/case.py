"""A case: all that a gate may look at. What is looked up is looked up here, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from kernel.claim import Claim
from kernel.state.accounts import Account
from kernel.state.flows import Approval, Flow
from kernel.state.grants import Grant
from kernel.state.mandates import Mandate
from kernel.state.standing import AgentRecord
from kernel.state.whole import State
from rules.contract import Contract
from rules.inherit import inherit
from schemas.models import (
    Action,
    FlowOpened,
    InstrumentQuote,
    InstrumentView,
    Intent,
    QuoteSeen,
    WokenAgent,
)


class Stance(Enum):
    """What an action is to the gates: they ask a HALT other questions than a BUY."""

    HALT = auto()
    HOLD = auto()
    CANCEL = auto()
    REDUCING = auto()
    INCREASING = auto()
    MANDATE = auto()  # a frame for child flows: it takes no risk by itself and permits it to others


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """Of a child flow: the mandate it acts under, the contract that was accepted under, its own as signed."""

    mandate: Mandate
    parent: Contract
    own: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A claim with everything it is judged against. state is there to be read, never written.

    seq: of the DECISION it becomes. mark, quote: the live quote and the one at the snapshot's offset;
    others: those at the offsets it names for its other instruments.
    grant: the contract as it holds here; of a child flow it is tightened by the parent's, `own` is as signed.
    """

    state: State
    claim: Claim
    seq: int
    intent: Intent | None
    known: Flow | None
    account: Account | None
    agent_id: str
    agent: AgentRecord
    woken: WokenAgent | None
    grant: Grant | None
    mark: QuoteSeen | None
    quote: QuoteSeen | None
    approval: Approval | None
    stance: Stance
    others: tuple[InstrumentQuote, ...] = ()
    under: Under | None = None

    @property
    def own(self) -> Grant | None:
        """The contract as it was signed: what the agent's own thinking is counted by."""
        return self.grant if self.under is None else self.under.own

    @property
    def now(self) -> int:
        """The batch's time, micros UTC."""
        return self.state.now

    @property
    def flow(self) -> FlowOpened:
        """The flow as its context says it."""
        return self.claim.flow

    @property
    def view(self) -> InstrumentView | None:
        """The intent's instrument in the snapshot."""
        wanted = None if self.intent is None else self.intent.instrument
        return next((view for view in self.flow.snapshot.instruments if view.instrument == wanted), None)


def build(
    state: State,
    claim: Claim,
    *,
    seq: int,
    mark: QuoteSeen | None,
    quote: QuoteSeen | None,
    others: tuple[InstrumentQuote, ...] = (),
) -> Case:
    """Look up everything a claim is judged against."""
    flow = claim.flow
    known = state.flows.get(flow.dfid)
    agent_id = claim.inside.agent_id
    woken = next((each for each in flow.woken if each.agent_id == agent_id), None)
    account = state.accounts.get(flow.account)
    approval = known.approval if known is not None and _is_answer_to(known, claim.digest) else None
    intent = claim.intent
    if intent is not None and approval is not None and approval.quantity is not None:
        intent = _resized(intent, approval)
    grant = None if woken is None else state.grants.contract(agent_id, woken.version)
    under = under_of(state, flow, account, grant)
    return Case(
        state=state,
        claim=claim,
        seq=seq,
        intent=intent,
        known=known,
        account=account,
        agent_id=agent_id,
        agent=state.agent(flow.account, agent_id),
        woken=woken,
        grant=grant if under is None else inherited(under),
        mark=mark,
        quote=quote,
        approval=approval,
        stance=stance_of(intent, account),
        others=others,
        under=under,
    )


def inherited(under: Under) -> Grant:
    """The child's grant as it holds under its parent's; H_contract stays that of what was signed."""
    return replace(under.own, contract=inherit(under.own.contract, under.parent))


def under_of(state: State, flow: FlowOpened, account: Account | None, own: Grant | None) -> Under | None:
    """The mandate in force that the flow names; a child of none is gate 7's to refuse."""
    if flow.parent is None or flow.parent_step is None or account is None or own is None:
        return None
    mandate = account.mandates.get((flow.parent, flow.parent_step))
    if mandate is None:
        return None
    parent = state.grants.contract(mandate.agent_id, mandate.contract_version)
    return None if parent is None else Under(mandate=mandate, parent=parent.contract, own=own)


def stance_of(intent: Intent | None, account: Account | None) -> Stance:
    """What the action is: reducing is CLOSE, or a SELL within what is held and not reserved."""
    if intent is None:
        return Stance.HOLD
    match intent.action:
        case Action.HALT:
            return Stance.HALT
        case Action.HOLD:
            return Stance.HOLD
        case Action.CANCEL:
            return Stance.CANCEL
        case Action.CLOSE:
            return Stance.REDUCING
        case Action.SELL:
            held = None if account is None or intent.instrument is None else account.held(intent.instrument)
            covered = held is not None and intent.quantity <= held.quantity - held.reserved
            return Stance.REDUCING if covered else Stance.INCREASING
        case Action.BUY:
            return Stance.INCREASING
        case Action.MANDATE:
            return Stance.MANDATE


def _is_answer_to(known: Flow, digest: bytes) -> bool:
    return known.approval is not None and known.approval.digest == digest


def _resized(intent: Intent, approval: Approval) -> Intent:
    assert approval.quantity is not None
    return replace(intent, quantity=approval.quantity)
