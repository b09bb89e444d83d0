"""May a person's act move the flow it names? Bound to the exact bytes shown, and to its own hour."""

from __future__ import annotations

from kernel import opening
from kernel.acts.signers import signer_of
from kernel.claim import judged
from kernel.folds.flows import HUMAN_TOPIC
from kernel.state.whole import State
from schemas.kinds import Role
from schemas.models import Envelope, FlowStatus, HumanChoice, HumanDecision
from schemas.reasons import ControlReason, Reason

UNSIGNED = frozenset({Reason.MALFORMED, Reason.KEY_NOT_VALID, Reason.BAD_SIGNATURE})


def judge_act(state: State, envelope: Envelope, seq: int) -> Reason:
    """NONE when the act holds; UNSIGNED reasons bind nobody and get no HUMAN entry."""
    act = opening.read(envelope, HumanDecision)
    if act is None:
        return Reason.MALFORMED
    key = signer_of(state, envelope, (Role.OPERATOR,), seq)  # first: without a key there is no entry
    if isinstance(key, ControlReason):
        return Reason[key.name]
    if act.ledger != state.identity.ledger:
        return Reason.WRONG_LEDGER
    flow = state.flows.get(act.dfid)
    if flow is None or flow.account != act.account:
        return Reason.WRONG_ACCOUNT
    if flow.final:
        return Reason.FLOW_CLOSED
    if state.now > act.valid_until or act.serial <= state.core.serials.get((HUMAN_TOPIC, key.keyid), -1):
        return Reason.APPROVAL_EXPIRED
    if flow.status is not FlowStatus.ESCALATED:
        return Reason.APPROVAL_MISMATCH
    return _matches(state, act)


def _matches(state: State, act: HumanDecision) -> Reason:
    held = state.flows[act.dfid].held
    if act.choice is HumanChoice.ABORT:
        shown = held is None or held.digest == act.payload_digest
        return Reason.NONE if shown else Reason.APPROVAL_MISMATCH
    if held is None or held.digest != act.payload_digest or not _price_is_one(act):
        return Reason.APPROVAL_MISMATCH
    if act.choice is HumanChoice.MODIFY and not _is_smaller(state, act):
        return Reason.APPROVAL_MISMATCH
    return Reason.NONE


def _price_is_one(act: HumanDecision) -> bool:
    return act.price_shown is not None and act.price_shown > 0


def _is_smaller(state: State, act: HumanDecision) -> bool:
    """A person may take less than the agent asked for, never more: the grant is the agent's."""
    held = state.flows[act.dfid].held
    assert held is not None
    inside = judged(held.body)
    if act.quantity is None or inside is None or inside.intent is None:
        return False
    return 0 < act.quantity <= inside.intent.quantity
