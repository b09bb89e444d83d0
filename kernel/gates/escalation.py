"""Gate 10: must a person decide?"""

from __future__ import annotations

from decimal import Decimal

from kernel.case import Case
from kernel.figures import account_figures, shape
from kernel.gates.standing import standing_of
from kernel.orders import quantity_of
from kernel.ruling import Answer, Escalation, Refusal, facts
from kernel.state.standing import HOUR_US
from rules.contract import Authority, Contract
from rules.orders import notional
from schemas.models import Standing
from schemas.money import CONTEXT
from schemas.reasons import Reason


def escalation(case: Case) -> Answer:
    """Confidence, then exposure, then whether level or action want a person; without a token it is a no."""
    assert case.grant is not None
    if case.approval is not None:
        return None
    contract = case.grant.contract
    wanted = _wanted(case, contract)
    if wanted is None and standing_of(case) is not Standing.ESCALATION_ONLY:
        return None  # gate 4 sends what such an agent asks to a person, and that takes a token too
    return token(case) or wanted


def token(case: Case) -> Refusal | None:
    """Whether one more question to a person is left within the hour.

    Asked also of what skips this gate (taking risk away) when gate 4 has sent it to a person.
    """
    assert case.grant is not None
    budget = case.grant.contract.escalation.budget_per_hour
    spent = case.agent.since(case.agent.escalated, case.now, HOUR_US)
    if spent < budget:
        return None
    return Refusal(reason=Reason.ESCALATION_BUDGET_EXHAUSTED, facts=facts(measured=spent, limit=budget))


def _wanted(case: Case, contract: Contract) -> Escalation | None:
    assert case.intent is not None
    law = contract.escalation
    if case.intent.confidence < law.confidence_threshold:
        figures = facts(measured=case.intent.confidence, limit=law.confidence_threshold)
        return Escalation(reason=Reason.LOW_CONFIDENCE, facts=figures)
    exposure = exposure_after(case)
    if contract.authority is not Authority.EXECUTE_FULL and exposure > law.max_exposure_usd:
        figures = facts(measured=exposure, limit=law.max_exposure_usd)
        return Escalation(reason=Reason.EXPOSURE_ABOVE_LIMIT, facts=figures)
    if contract.authority is Authority.PROPOSE or case.intent.action in law.requires_human_approval:
        return Escalation(reason=Reason.HUMAN_APPROVAL_REQUIRED)
    return None


def exposure_after(case: Case) -> Decimal:
    """Gross worth of everything held and reserved, with this order on top, USD."""
    assert case.account is not None
    order = shape(case)
    assert order.price is not None, "gate 9 refuses an order without a price"
    if order.reducing:  # a frame for selling what is held: nothing comes on top
        return account_figures(case.state, case.account).exposure
    added = notional(quantity_of(case), order.price)
    return CONTEXT.add(account_figures(case.state, case.account).exposure, added)
