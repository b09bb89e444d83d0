"""What a ruling makes of its flow and of the world: status, re-opening, order. Live and replay share it."""

from __future__ import annotations

from dataclasses import dataclass

from kernel import opening
from kernel.asking import asking_agent, asks, lane_reason
from kernel.case import Case, under_of
from kernel.claim import Inside
from kernel.judge import judge
from kernel.orders import order_for
from kernel.ruling import Ruling
from kernel.state.flows import Flow
from kernel.state.standing import HOUR_US
from kernel.state.whole import State
from rules.inherit import inherit
from schemas.models import Action, FlowOpened, FlowStatus, KernelIntent, ReportKind, Verdict, WindowKind
from schemas.reasons import LaneReason, Reason

IDLE = frozenset({Action.HOLD, Action.HALT, Action.MANDATE})
NOTHING = frozenset({LaneReason.NONE, LaneReason.NO_EDGE, LaneReason.NOT_CONCERNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A ruling with its consequences. order: unsigned, if accepted with effect; lane_reason: a report's."""

    ruling: Ruling
    flow_status: FlowStatus
    reopens: bool = False
    order: KernelIntent | None = None
    lane_reason: int = 0


def decide(case: Case) -> Decided:
    """Judge a case and say what follows."""
    ruling = judge(case)
    match ruling.verdict:
        case Verdict.ACCEPTED:
            return _accepted(case, ruling)
        case Verdict.ESCALATED:
            return Decided(ruling=ruling, flow_status=FlowStatus.ESCALATED)
        case Verdict.REPORTED:
            reason = lane_reason(case.claim.inside)
            return Decided(ruling=ruling, flow_status=_reported(case), lane_reason=reason)
        case Verdict.DUPLICATE:
            return Decided(ruling=ruling, flow_status=_unchanged(case))
        case Verdict.REJECTED:
            return _rejected(case, ruling)


def is_late(inside: Inside) -> bool:
    """Whether it is a HALT that missed its window: it latches and changes nothing else of its flow."""
    return inside.window is not None and inside.window.kind is WindowKind.LATE


def is_beside(case: Case) -> bool:
    """Whether an answer leaves its flow as it is: a HALT too late for its window, or for a flow that is over
    or waits for a person or the venue. A HALT gets through whenever it comes, yet a flow has one outcome.
    """
    known = case.known
    answered = known is not None and known.answered and case.approval is None
    return answered or is_late(case.claim.inside)


def _unchanged(case: Case) -> FlowStatus:
    return FlowStatus.ACTIVE if case.known is None else case.known.status


def _accepted(case: Case, ruling: Ruling) -> Decided:
    assert case.intent is not None
    if is_beside(case):
        return Decided(ruling=ruling, flow_status=_unchanged(case))
    if case.intent.action in IDLE:
        return Decided(ruling=ruling, flow_status=FlowStatus.CLOSED)
    taking_back = case.intent.action is Action.CANCEL  # the order it names answers for it
    status = FlowStatus.CLOSED if taking_back else FlowStatus.EXECUTING
    return Decided(ruling=ruling, flow_status=status, order=order_for(case))


def _rejected(case: Case, ruling: Ruling) -> Decided:
    reason = Reason(ruling.reason)
    if case.approval is not None:
        return Decided(ruling=ruling, flow_status=FlowStatus.REJECTED)  # the person's word is used up by it
    if reason.gate <= 2 or is_beside(case):  # as is any answer to a flow whose attempts are used up
        return Decided(ruling=ruling, flow_status=_unchanged(case))
    if not reason.curable:
        return Decided(ruling=ruling, flow_status=FlowStatus.REJECTED)
    assert case.grant is not None
    if case.flow.attempt >= case.grant.contract.max_attempts:
        return Decided(ruling=ruling, flow_status=FlowStatus.EXHAUSTED)
    return Decided(ruling=ruling, flow_status=FlowStatus.REJECTED, reopens=True)


def _reported(case: Case) -> FlowStatus:
    """NO_PROPOSAL closes; what asks for a person escalates while a token is left; all else aborts."""
    inside = case.claim.inside
    report = inside.report
    if report is not None and inside.window is None:
        if report.kind is ReportKind.NO_PROPOSAL:
            return FlowStatus.CLOSED
    elif lane_reason(inside) in NOTHING:
        return FlowStatus.CLOSED
    if not asks(inside):
        return FlowStatus.ABORTED
    asker = asking_agent(case.state, case.account, inside, [each.agent_id for each in case.flow.woken])
    left = asker is not None and token_left_in(case.state, case.flow, asker)
    return FlowStatus.ESCALATED if left else FlowStatus.ABORTED


def exhausted_to(state: State, flow: Flow) -> FlowStatus:
    """Where a flow goes whose attempts are used up: to a person while a token is left, else it ends."""
    if flow.held is None or flow.opened is None:
        return flow.status
    left = token_left_in(state, opening.surely(flow.opened, FlowOpened), flow.held.agent_id)
    return FlowStatus.ESCALATED if left else FlowStatus.ABORTED


def token_left_in(state: State, flow: FlowOpened, agent_id: str) -> bool:
    """Whether the agent may still ask for a person within the hour, by the contract of this flow.

    Not one whom this context has not woken: a selector may have signed other contexts of the same flow.
    """
    woken = next((each for each in flow.woken if each.agent_id == agent_id), None)
    grant = None if woken is None else state.grants.contract(agent_id, woken.version)
    if grant is None:
        return False
    under = under_of(state, flow, state.accounts.get(flow.account), grant)
    contract = grant.contract if under is None else inherit(grant.contract, under.parent)
    record = state.agent(flow.account, agent_id)
    spent = record.since(record.escalated, state.now, HOUR_US)
    return spent < contract.escalation.budget_per_hour
