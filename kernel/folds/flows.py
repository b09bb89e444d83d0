"""A FLOW opens a flow or its next attempt; an ESCALATION or HUMAN entry moves one that waits."""

from __future__ import annotations

import heapq

from kernel import opening
from kernel.folds.decisions import make_passive
from kernel.state.flows import CONTEXTS_MAX, FLOWS_MAX, Approval, Flow
from kernel.state.whole import State
from ledger.hashes import flow_hash
from schemas.models import (
    EscalationEntry,
    FlowEntry,
    FlowOpened,
    FlowStatus,
    HumanChoice,
    HumanDecision,
    HumanEntry,
    Verdict,
)
from schemas.reasons import Reason

HUMAN_TOPIC = "human.decisions"


def fold_flow(state: State, entry: FlowEntry) -> None:
    """Fold a context: the first one opens the flow, that of the open attempt replaces the last one's."""
    opened, name = opening.surely(entry.flow, FlowOpened), flow_hash(entry.flow.payload)
    flow = state.flows.get(opened.dfid)
    if flow is None:
        state.flows[opened.dfid] = Flow(
            dfid=opened.dfid,
            account=opened.account,
            lane=opened.lane,
            decision_class=opened.decision_class,
            trigger_time=opened.trigger.event_time,
            expires_at=opened.flow_expires_at,
            open_attempt=1,
            attempt=opened.attempt,
            flow_hash=name,
            contexts=[name],
            opened=entry.flow,
        )
        heapq.heappush(state.core.expiries, (opened.flow_expires_at, opened.dfid))
        state.leaving.push(opened.trigger.event_time, opened.dfid)
        if len(state.flows) > FLOWS_MAX:
            state.memory.forget(state.leaving.first())  # the next batch lets go of what lies behind
        return
    assert len(flow.contexts) < CONTEXTS_MAX
    flow.contexts.append(name)
    if opened.attempt == flow.open_attempt > flow.attempt and flow.reopens:
        flow.attempt, flow.flow_hash, flow.opened = opened.attempt, name, entry.flow
        flow.status, flow.reopens = FlowStatus.ACTIVE, False
        if opened.flow_expires_at > flow.expires_at:
            flow.expires_at = opened.flow_expires_at
            heapq.heappush(state.core.expiries, (opened.flow_expires_at, opened.dfid))


def fold_escalation(state: State, entry: EscalationEntry) -> None:
    """An exhausted flow goes to a person (a token is spent) or ends; one whose time ran out ends."""
    flow = state.flows[entry.dfid]
    if entry.dfid in state.core.overdue:
        state.core.overdue.remove(entry.dfid)
    if entry.reason == Reason.REASONING_EXHAUSTION:
        assert flow.held is not None
        agent_id = flow.held.agent_id
        if entry.flow_status is FlowStatus.ESCALATED:
            state.own_agent(entry.account, agent_id).spend_token(state.now)
        else:
            make_passive(state, state.accounts[entry.account], agent_id)
    flow.ended(entry.flow_status)
    if flow.final:
        flow.steps.clear()


def fold_human(state: State, entry: HumanEntry) -> None:
    """A person's act: an end, or an approval that the DECISION right after it is judged with."""
    act = opening.surely(entry.act, HumanDecision)
    if entry.verdict is not Verdict.ACCEPTED:
        return
    for signature in entry.act.signatures:
        state.core.serials[(HUMAN_TOPIC, signature.keyid)] = act.serial
    flow = state.flows[act.dfid]
    match act.choice:
        case HumanChoice.ABORT:
            flow.ended(FlowStatus.ABORTED)
            flow.steps.clear()
        case HumanChoice.OVERRIDE | HumanChoice.MODIFY:
            flow.approval = Approval(
                choice=act.choice,
                digest=act.payload_digest,
                price_shown=act.price_shown,
                quantity=act.quantity if act.choice is HumanChoice.MODIFY else None,
            )
