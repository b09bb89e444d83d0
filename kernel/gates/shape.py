"""What decodes but cannot be meant: bounds on everything that a signature does not make sensible."""

from __future__ import annotations

import re
from decimal import Decimal

from kernel import exact
from kernel.case import Case
from kernel.state.flows import COMPENSATION
from kernel.state.mandates import MANDATE_HORIZON_US
from kernel.state.memory import HORIZON_US
from kernel.state.whole import State
from ledger.evidence import ATTESTATIONS_MAX
from ledger.hashes import child_dfid, dfid, is_uuid8
from schemas.models import Action, FlowOpened, Intent, Report

ID = re.compile(r"[a-z0-9._-]{1,64}")
WOKEN_MAX = 8
STEPS_MAX = 32
ANSWERS_MAX = 2 * WOKEN_MAX
ONE = Decimal(1)
SKEW_US = 5_000_000  # how far a source's clock may run ahead of ours
CHILD_NUMBER_MAX = (1 << 31) - 1
QUANTIFIED = frozenset({Action.BUY, Action.SELL, Action.MANDATE})
SIZED = QUANTIFIED | {Action.CLOSE}
IDLE = frozenset({Action.HOLD, Action.HALT})


def malformed(case: Case) -> bool:
    """Say whether flow and body cannot be meant together, whoever signed them."""
    claim = case.claim
    if not context_is_sound(case) or len(claim.attestations) > ATTESTATIONS_MAX:
        return True
    if claim.window is not None:
        if len(claim.window.answers) > ANSWERS_MAX:
            return True
        if claim.inside.answer is None:
            return False  # a winner that is not there is arbitration's to refuse
    if claim.intent is not None:
        return not (_intent_is_sound(claim.intent, claim.flow) and _is_on_the_lot(case.state, claim.intent))
    return claim.report is None or not _report_is_sound(claim.report, claim.flow)


def context_is_sound(case: Case) -> bool:
    """Say whether the context can be one of this flow's: its first attempt is its first, its trigger stays.

    Flow and answers are forgotten by the time of the trigger that opened it. A context that names a later one
    would still be asked about when its own answer is forgotten, and could be decided twice.
    """
    flow, known = case.flow, case.known
    first = flow.attempt == 1 if known is None else flow.trigger.event_time == known.trigger_time
    return first and flow_is_sound(flow)


def flow_is_sound(flow: FlowOpened) -> bool:
    """Say whether a context can be one of this ledger's flows, whatever is answered to it."""
    horizon = flow.trigger.event_time + HORIZON_US
    return (
        _is_named_after_what_woke_it(flow)
        and flow.attempt >= 1
        and 0 < len(flow.steps) <= STEPS_MAX
        and all(map(ID.fullmatch, (flow.account, *flow.steps)))
        and not any(step.startswith(COMPENSATION) for step in flow.steps)
        and 0 < len(flow.woken) <= WOKEN_MAX
        and len({each.agent_id for each in flow.woken}) == len(flow.woken)
        and flow.trigger.event_time <= flow.snapshot.taken_at + SKEW_US
        and flow.snapshot.taken_at <= flow.deadline <= flow.flow_expires_at <= horizon
        and all(
            view.quote_time is None or view.quote_time <= flow.snapshot.taken_at + SKEW_US
            for view in flow.snapshot.instruments
        )
    )


def _is_named_after_what_woke_it(flow: FlowOpened) -> bool:
    """A child's name follows from parent, step and number, any other's from its signal: one flow a signal."""
    parent, step, number = flow.parent, flow.parent_step, flow.child_number
    if parent is None or step is None or number is None:
        woke = flow.trigger
        own = dfid(flow.ledger, woke.source, woke.signal_id, flow.account, flow.decision_class)
        return (parent, step, number) == (None, None, None) and flow.dfid == own
    if not is_uuid8(parent) or ID.fullmatch(step) is None or not 1 <= number <= CHILD_NUMBER_MAX:
        return False
    return flow.dfid == child_dfid(flow.ledger, parent, step, number)


def _report_is_sound(report: Report, flow: FlowOpened) -> bool:
    return report.dfid == flow.dfid and report.attempt == flow.attempt and report.step_id in flow.steps


def _is_on_the_lot(state: State, intent: Intent) -> bool:
    """Whether the venue can trade the quantity; of an instrument nobody knows that is gate 7's to ask."""
    terms = None if intent.instrument is None else state.grants.terms(intent.instrument)
    if terms is None or intent.action not in SIZED:
        return True
    return exact.floor_to(intent.quantity, terms.lot) == intent.quantity


def _intent_is_sound(intent: Intent, flow: FlowOpened) -> bool:
    if (intent.dfid, intent.attempt) != (flow.dfid, flow.attempt) or intent.step_id not in flow.steps:
        return False
    prices = (intent.limit_price, intent.stop, intent.target_price)
    if any(price is not None and price <= 0 for price in prices):
        return False
    if intent.quantity < 0 or not 0 <= intent.confidence <= ONE or intent.drift_envelope_bps < 0:
        return False
    if not intent.valid_from <= intent.valid_until <= flow.flow_expires_at:
        return False
    return _means_its_action(intent) and _frame_is_sound(intent, flow)


def _frame_is_sound(intent: Intent, flow: FlowOpened) -> bool:
    """A MANDATE has a frame that begins where it was decided and ends within a day, and no prices beside it.

    Whether the frame is over by now is a question of time, and gate 3's.
    """
    frame = intent.mandate
    if frame is None or intent.action is not Action.MANDATE:
        return frame is None and intent.action is not Action.MANDATE
    if not 0 < frame.price_low <= frame.price_high:
        return False
    if (intent.limit_price, intent.stop, intent.target_price) != (None, None, None):
        return False
    return 0 < frame.expires_at - flow.snapshot.taken_at <= MANDATE_HORIZON_US


def _means_its_action(intent: Intent) -> bool:
    action = intent.action
    if intent.instrument is not None and ID.fullmatch(intent.instrument) is None:
        return False
    if action in QUANTIFIED:
        return intent.instrument is not None and intent.quantity > 0
    if action is Action.CLOSE:
        return intent.instrument is not None
    if action is Action.CANCEL:
        return intent.target is not None
    assert action in IDLE, action
    return intent.quantity == 0
