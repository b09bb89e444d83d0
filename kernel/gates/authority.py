"""Gate 7: was this ever granted? Absent permission is refusal; forbidden beats allowed."""

from __future__ import annotations

from kernel.case import Case
from kernel.figures import shape
from kernel.orders import quantity_of
from kernel.ruling import Answer, Refusal
from kernel.state.standing import tightened
from rules.contract import Authority, Contract
from rules.mandate import ACTING, SIDES, breach
from schemas.kinds import Role
from schemas.models import Action, Standing
from schemas.reasons import Reason

ENDED = frozenset({Standing.SUSPENDED, Standing.RETIRED})


def authority(case: Case) -> Answer:
    """Action, instrument, account, then level and outputs, then the parent's grant."""
    assert case.intent is not None
    assert case.own is not None
    contract, instrument = case.own.contract, case.intent.instrument
    refused: Reason | None = None
    if not all(_may(contract, action) for action in _meant(case)):
        refused = Reason.ACTION_FORBIDDEN
    elif instrument is not None and not _may_touch(case, contract, instrument):
        refused = Reason.UNAUTHORIZED_INSTRUMENT
    elif case.intent.account not in contract.accounts:
        refused = Reason.UNAUTHORIZED_ACCOUNT
    elif _beyond_level(case, contract):
        refused = Reason.AUTHORITY_EXCEEDED
    if refused is not None:
        return Refusal(reason=refused)
    return None if case.flow.parent is None else _under_parent(case)


def _meant(case: Case) -> tuple[Action, ...]:
    """The action, and of a frame also what its children would do: nobody passes on what he may not do."""
    assert case.intent is not None
    frame = case.intent.mandate
    return (case.intent.action,) if frame is None else (case.intent.action, SIDES[frame.side])


def _may(contract: Contract, action: Action) -> bool:
    return action in contract.allowed_actions and action not in contract.forbidden_actions


def _may_touch(case: Case, contract: Contract, instrument: str) -> bool:
    return instrument in contract.allowed_instruments and case.state.grants.terms(instrument) is not None


def _beyond_level(case: Case, contract: Contract) -> bool:
    assert case.intent is not None
    action = case.intent.action
    if case.intent.kind not in contract.outputs:
        return True
    if action is Action.HALT:
        return not contract.veto
    return contract.authority is Authority.OBSERVE and action is not Action.HOLD


def _under_parent(case: Case) -> Answer:
    """A child trades only within a mandate in force, and does nothing that its parent might not do.

    What protects (HOLD, HALT, CANCEL, CLOSE) needs no parent: an ended mandate must not keep anyone in.
    """
    assert case.intent is not None
    intent = case.intent
    exceeded = Refusal(reason=Reason.PARENT_AUTHORITY_EXCEEDED)
    if intent.action is Action.MANDATE:
        return exceeded  # a frame within a frame would count twice, or nowhere
    if intent.action not in ACTING:
        return None
    if case.under is None or _parent_ended(case) or not _parent_may_go_here(case):
        return exceeded
    found = breach(
        case.under.mandate.view(),
        action=intent.action,
        instrument=intent.instrument,
        quantity=quantity_of(case),
        price=shape(case).price,
    )
    return None if found is None else Refusal(reason=Reason.PARENT_AUTHORITY_EXCEEDED, facts=found.facts)


def _parent_ended(case: Case) -> bool:
    """Suspension and revocation act at once, also on what was permitted before."""
    assert case.under is not None
    assert case.account is not None
    mandate = case.under.mandate
    everywhere = case.state.core.standings.get(mandate.agent_id, Standing.ACTIVE)
    here = case.account.standings.get(mandate.agent_id, Standing.ACTIVE)
    if tightened(everywhere, here) in ENDED:
        return True
    return case.state.registry.keys.valid(mandate.keyid, Role.AGENT, case.seq) is None


def _parent_may_go_here(case: Case) -> bool:
    """Whether the parent's contract, in the version the mandate was accepted under, grants the child's road.

    Action, instrument, account and level it has granted already: the mandate was accepted under it, and a
    child keeps to the mandate's own.
    """
    assert case.under is not None
    return case.flow.lane in case.under.parent.topologies
