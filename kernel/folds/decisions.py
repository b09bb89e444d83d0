"""A DECISION or REPORT changes what it was ruled about: memory, budgets, the flow, reservations, latches."""

from __future__ import annotations

from kernel import opening
from kernel.asking import asking_agent, asks
from kernel.case import stance_of
from kernel.claim import Inside, judged
from kernel.folds.losses import latch_loss
from kernel.folds.mandates import fold_mandate, is_mandate, use_mandate
from kernel.folds.receipts import order_of, reserve
from kernel.state.accounts import WHOLE, Account
from kernel.state.flows import Attempted, Flow, Held
from kernel.state.memory import Prior
from kernel.state.standing import tightened
from kernel.state.whole import State
from kernel.table import ADMISSION, DRIFT, FACES
from ledger.intents import key_of_intent
from rules.contract import Contract
from schemas.models import (
    Action,
    DecisionEntry,
    FlowOpened,
    FlowStatus,
    Intent,
    KernelIntent,
    ReportEntry,
    Standing,
    Usage,
    Verdict,
    WindowKind,
)
from schemas.reasons import Reason

SECOND_US = 1_000_000


def consumes_nothing(verdict: Verdict, reason: int) -> bool:
    """Whether a verdict leaves all state as it was: redeliveries, and what gates 1 and 2 refuse."""
    return verdict is Verdict.DUPLICATE or (verdict is Verdict.REJECTED and Reason(reason).gate <= 2)


def fold_decision(state: State, entry: DecisionEntry, seq: int) -> None:
    """Fold a ruled intent."""
    if consumes_nothing(entry.verdict, entry.reason):
        if entry.dfid in state.flows:
            state.flows[entry.dfid].approval_lapsed()
        return
    inside = judged(entry.body)
    assert inside is not None
    assert inside.intent is not None
    intent, flow, account = inside.intent, state.flows[entry.dfid], state.accounts[entry.account]
    grant = state.grants.contract(intent.agent_id, intent.contract_version)
    assert grant is not None
    key = key_of_intent(intent) if entry.verdict is not Verdict.REJECTED else None
    prior = Prior(dfid=entry.dfid, verdict=entry.verdict, reason=entry.reason, key=key, seq=seq)
    state.memory.remember(entry.digest, flow.trigger_time, prior)
    halts = intent.action is Action.HALT and entry.verdict is Verdict.ACCEPTED
    if halts and inside.window is not None and inside.window.winner is not None:
        state.memory.remember(
            inside.window.winner, flow.trigger_time, prior
        )  # another window of it is no news
    if inside.window is not None and inside.window.kind is WindowKind.LATE:
        if entry.verdict is Verdict.ACCEPTED:
            _halt(state, account, intent, grant.contract)
        return
    if flow.approval is None:
        _count(state, flow, account, intent, entry)
        if flow.answered:  # of all answers only a HALT does anything then, and nothing to the flow
            if entry.verdict is Verdict.ACCEPTED:
                _halt(state, account, intent, grant.contract)
            return
    match entry.verdict:
        case Verdict.ACCEPTED:
            if is_mandate(inside):
                fold_mandate(state, flow, account, inside, seq)
            _accepted(state, flow, account, intent, grant.contract, entry)
        case Verdict.ESCALATED:
            _escalated(state, flow, intent, inside, entry)
        case _:
            _rejected(state, flow, account, intent, entry)


def _count(state: State, flow: Flow, account: Account, intent: Intent, entry: DecisionEntry) -> None:
    _spend(flow, intent.agent_id, intent.usage)
    passed = entry.verdict is not Verdict.REJECTED or Reason(entry.reason).gate > ADMISSION
    if passed and ADMISSION in FACES[stance_of(intent, account)]:
        state.own_agent(entry.account, intent.agent_id).admit(state.now)


def _spend(flow: Flow, agent_id: str, usage: Usage) -> None:
    flow.tokens[agent_id] = flow.tokens.get(agent_id, 0) + usage.tokens_in + usage.tokens_out


def _accepted(
    state: State, flow: Flow, account: Account, intent: Intent, contract: Contract, entry: DecisionEntry
) -> None:
    flow.steps[intent.step_id] = key_of_intent(intent)
    if intent.action is Action.HALT:
        _halt(state, account, intent, contract)
    if entry.intent is not None and intent.action is not Action.CANCEL:
        order = opening.surely(entry.intent, KernelIntent)
        before = account.exposed()
        stops = {"stop": intent.stop, "target_price": intent.target_price}
        reserve(account, order.key, order_of(order, intent.agent_id, **stops))
        use_mandate(flow, account, intent, order)
        state.index(account, before)
        state.touch(account.account)
    flow.ended(entry.flow_status)


def _halt(state: State, account: Account, intent: Intent, contract: Contract) -> None:
    """Latch the account, or one instrument of it, until the contract's time or a signed resume."""
    scope = intent.instrument or WHOLE
    until = state.now + contract.halt_ttl_s * SECOND_US
    account.halts[scope] = max(until, account.halts.get(scope, 0))
    state.halted.add(account.account)
    state.touch(account.account)


def _escalated(state: State, flow: Flow, intent: Intent, inside: Inside, entry: DecisionEntry) -> None:
    flow.steps[intent.step_id] = key_of_intent(intent)
    if Reason(entry.reason).gate != DRIFT:  # getting out without a live price is nobody's to ration
        state.own_agent(entry.account, intent.agent_id).spend_token(state.now)
    flow.ended(FlowStatus.ESCALATED)
    flow.held = held_of(intent, entry)


def held_of(intent: Intent, entry: DecisionEntry) -> Held:
    """The exact bytes a person is shown."""
    return Held(
        digest=entry.digest,
        body=entry.body,
        attestations=entry.attestations,
        attempt=entry.attempt,
        agent_id=intent.agent_id,
        reason=entry.reason,
        step_id=intent.step_id,
    )


def _rejected(state: State, flow: Flow, account: Account, intent: Intent, entry: DecisionEntry) -> None:
    reason = Reason(entry.reason)
    if flow.exhausted and flow.approval is None:
        return  # whatever a late answer is refused for, the flow goes on as a person or the clock says
    if reason is Reason.ESCALATION_BUDGET_EXHAUSTED:
        make_passive(state, account, intent.agent_id)
    if reason is Reason.MAX_LOSS:
        latch_loss(state, account, intent.agent_id)
    flow.steps.pop(intent.step_id, None)
    if reason.curable:
        flow.refusals.append(Attempted(attempt=entry.attempt, reason=entry.reason, facts=entry.facts))
    if entry.flow_status is FlowStatus.EXHAUSTED:
        flow.exhausted = True
        flow.ended(FlowStatus.EXHAUSTED)
        flow.held = held_of(intent, entry)
        return
    flow.reopens = entry.reopens
    if entry.reopens:
        flow.status = FlowStatus.REJECTED
        flow.open_attempt = entry.attempt + 1
    else:
        flow.ended(entry.flow_status)


def make_passive(state: State, account: Account, agent_id: str) -> None:
    """An agent that asks for people more often than it may only watches, until an operator says otherwise."""
    standing = account.standings.get(agent_id, Standing.ACTIVE)
    account.standings[agent_id] = tightened(standing, Standing.PASSIVE)
    state.touch(account.account)


def fold_report(state: State, entry: ReportEntry, seq: int) -> None:
    """Fold an answer without an intent: it ends its flow, or hands it to a person."""
    inside = judged(entry.body)
    assert inside is not None
    flow = state.flows[entry.dfid]
    prior = Prior(dfid=entry.dfid, verdict=Verdict.REPORTED, reason=entry.reason, key=None, seq=seq)
    state.memory.remember(entry.digest, flow.trigger_time, prior)
    if inside.report is not None:
        _spend(flow, inside.agent_id, inside.report.usage)
    if asks(inside):
        assert flow.opened is not None
        account = state.accounts[entry.account]
        woken = [each.agent_id for each in opening.surely(flow.opened, FlowOpened).woken]
        asker = asking_agent(state, account, inside, woken)
        if asker is not None and entry.flow_status is FlowStatus.ESCALATED:
            state.own_agent(entry.account, asker).spend_token(state.now)
        elif asker is not None:
            make_passive(state, account, asker)
    flow.ended(entry.flow_status)
