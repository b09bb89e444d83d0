"""Gate 7: was this ever granted? Absent permission is refusal; forbidden beats allowed."""

from __future__ import annotations

from kernel.case import Case, Stance
from kernel.figures import shape
from kernel.orders import quantity_of
from kernel.ruling import Answer, Refusal
from kernel.state.accounts import Order
from kernel.state.flows import COMPENSATION
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
    contract = case.own.contract
    refused: Reason | None = None
    if not all(_may(contract, action) for action in _meant(case)):
        refused = Reason.ACTION_FORBIDDEN
    elif len(_touched(case)) > 1 or not all(_may_touch(case, contract, name) for name in _touched(case)):
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


def _touched(case: Case) -> set[str]:
    """The instrument named, and that of the order to be taken back: one and the same, or it is nobody's."""
    assert case.intent is not None
    order, named = _cancelled(case), case.intent.instrument
    return {name for name in (named, None if order is None else order.instrument) if name is not None}


def _cancelled(case: Case) -> Order | None:
    """The open order that a CANCEL names; None of any other action too."""
    assert case.intent is not None
    assert case.account is not None
    if case.intent.action is not Action.CANCEL:
        return None
    return case.account.orders.get(case.intent.target or b"")


def _beyond_level(case: Case, contract: Contract) -> bool:
    assert case.intent is not None
    action, order = case.intent.action, _cancelled(case)
    if case.intent.kind not in contract.outputs:
        return True
    if action is Action.CANCEL and (order is None or order.step_id.startswith(COMPENSATION)):
        return True  # nobody takes back what is not there, nor what the kernel does to put a failure right
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
    if case.under is None or _parent_forbids(case) or not _parent_may_go_here(case):
        return exceeded
    found = breach(
        case.under.mandate.view(),
        action=intent.action,
        instrument=intent.instrument,
        quantity=quantity_of(case),
        price=shape(case).price,
    )
    return None if found is None else Refusal(reason=Reason.PARENT_AUTHORITY_EXCEEDED, facts=found.facts)


def _parent_forbids(case: Case) -> bool:
    """Suspension and revocation act at once, also on what was permitted before.

    A parent that may take no new risk itself (by its standing, by its loss) permits none either.
    """
    assert case.under is not None
    assert case.account is not None
    mandate = case.under.mandate
    standing = case.state.standing(case.account, mandate.agent_id)
    latched = case.state.agent(case.account.account, mandate.agent_id).latched > 0
    if standing in ENDED:
        return True
    if case.stance is Stance.INCREASING and (standing is not Standing.ACTIVE or latched):
        return True
    return case.state.registry.keys.valid(mandate.keyid, Role.AGENT, case.seq) is None


def _parent_may_go_here(case: Case) -> bool:
    """Whether the parent's contract, in the version the mandate was accepted under, grants the child's road.

    Action, instrument, account and level it has granted already: the mandate was accepted under it, and a
    child keeps to the mandate's own.
    """
    assert case.under is not None
    return case.flow.lane in case.under.parent.topologies
