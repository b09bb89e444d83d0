"""Gate 7: was this ever granted? Absent permission is refusal; forbidden beats allowed."""

from __future__ import annotations

from kernel.case import Case
from kernel.ruling import Answer, Refusal
from rules.contract import Authority
from schemas.models import Action
from schemas.reasons import Reason


def authority(case: Case) -> Answer:
    """Action, instrument, account, then level and outputs, then the parent's grant."""
    assert case.intent is not None
    assert case.grant is not None
    contract, intent = case.grant.contract, case.intent
    action, instrument = intent.action, intent.instrument
    refused: Reason | None = None
    if action in contract.forbidden_actions or action not in contract.allowed_actions:
        refused = Reason.ACTION_FORBIDDEN
    elif instrument is not None and not _may_touch(case, instrument):
        refused = Reason.UNAUTHORIZED_INSTRUMENT
    elif intent.account not in contract.accounts:
        refused = Reason.UNAUTHORIZED_ACCOUNT
    elif _beyond_level(case):
        refused = Reason.AUTHORITY_EXCEEDED
    elif case.flow.parent is not None:
        refused = Reason.PARENT_AUTHORITY_EXCEEDED  # no mandate is in force yet, so no child has a grant
    return None if refused is None else Refusal(reason=refused)


def _may_touch(case: Case, instrument: str) -> bool:
    assert case.grant is not None
    granted = instrument in case.grant.contract.allowed_instruments
    return granted and case.state.grants.terms(instrument) is not None


def _beyond_level(case: Case) -> bool:
    assert case.intent is not None
    assert case.grant is not None
    contract, action = case.grant.contract, case.intent.action
    if case.intent.kind not in contract.outputs:
        return True
    if action is Action.HALT:
        return not contract.veto
    if contract.authority is Authority.OBSERVE:
        return action is not Action.HOLD
    return action is Action.MANDATE  # a frame for child flows, which nobody may open yet
