"""May a person's act move the flow it names? Bound to the exact bytes shown, and to its own hour."""

from __future__ import annotations

from typing import assert_never

from kernel import exact, opening
from kernel.acts.persons import persons_for
from kernel.acts.signers import signers_of
from kernel.claim import judged
from kernel.folds.flows import HUMAN_TOPIC
from kernel.state.flows import Held
from kernel.state.whole import State
from schemas.kinds import Role
from schemas.models import Envelope, FlowOpened, FlowStatus, HumanChoice, HumanDecision, Intent
from schemas.reasons import ControlReason, Reason

UNSIGNED = frozenset({Reason.MALFORMED, Reason.KEY_NOT_VALID, Reason.BAD_SIGNATURE})


def judge_act(state: State, envelope: Envelope, seq: int) -> Reason:
    """NONE when the act holds; UNSIGNED reasons bind nobody and get no HUMAN entry."""
    act = opening.read(envelope, HumanDecision)
    if act is None:
        return Reason.MALFORMED
    keys = signers_of(state, envelope, (Role.OPERATOR,), seq)  # first: without a key there is no entry
    if isinstance(keys, ControlReason):
        return Reason[keys.name]
    if act.ledger != state.identity.ledger:
        return Reason.WRONG_LEDGER
    flow = state.flows.get(act.dfid)
    if flow is None or flow.account != act.account:
        return Reason.WRONG_ACCOUNT
    if flow.final:
        return Reason.FLOW_CLOSED
    used = max(state.core.serials.get((HUMAN_TOPIC, key.keyid), -1) for key in keys)
    if state.now > act.valid_until or act.serial <= used:
        return Reason.APPROVAL_EXPIRED
    if flow.status is not FlowStatus.ESCALATED:
        return Reason.APPROVAL_MISMATCH
    return _matches(state, act, len(keys))


def _matches(state: State, act: HumanDecision, persons: int) -> Reason:
    held = state.flows[act.dfid].held
    if act.choice is HumanChoice.ABORT:
        shown = held is None or held.digest == act.payload_digest
        return Reason.NONE if shown else Reason.APPROVAL_MISMATCH
    if held is None or held.digest != act.payload_digest or not _price_is_one(act):
        return Reason.APPROVAL_MISMATCH
    intent = _intent_of(held)
    if intent is None or not _quantity_fits(act, intent) or not _is_on_the_lot(state, act, intent):
        return Reason.APPROVAL_MISMATCH
    opened = state.flows[act.dfid].opened
    assert opened is not None, "a flow that waits keeps its context"
    needed = persons_for(state, opening.surely(opened, FlowOpened), intent)
    return Reason.NONE if persons >= needed else Reason.APPROVAL_MISMATCH


def _intent_of(held: Held) -> Intent | None:
    inside = judged(held.body)
    return None if inside is None else inside.intent


def _price_is_one(act: HumanDecision) -> bool:
    return act.price_shown is not None and act.price_shown > 0


def _is_on_the_lot(state: State, act: HumanDecision, intent: Intent) -> bool:
    """Whether the venue can trade what a person changed the quantity to."""
    terms = None if intent.instrument is None else state.grants.terms(intent.instrument)
    if act.choice is not HumanChoice.MODIFY or act.quantity is None or terms is None:
        return True
    return exact.floor_to(act.quantity, terms.lot) == act.quantity


def _quantity_fits(act: HumanDecision, intent: Intent) -> bool:
    """MODIFY may take less than the agent asked for, never more: the grant is the agent's.

    OVERRIDE takes all of it; one that names another quantity was not meant so.
    """
    match act.choice:
        case HumanChoice.MODIFY:
            return act.quantity is not None and 0 < act.quantity <= intent.quantity
        case HumanChoice.OVERRIDE:
            return act.quantity in (None, intent.quantity)
        case HumanChoice.ABORT:
            return True
        case never:
            assert_never(never)
