"""Gate 12: is the cash or the position there, free, and not promised to the other side?"""

from __future__ import annotations

from kernel import exact
from kernel.case import Case, Stance
from kernel.orders import SELLS, cash_needed, quantity_of, side_of
from kernel.ruling import Answer, Refusal, facts
from kernel.state.accounts import OPEN_MAX
from kernel.state.mandates import MANDATES_MAX
from schemas.reasons import Reason


def reservation(case: Case) -> Answer:
    """Funds, position, then contention: an open order on the instrument of the opposite side."""
    assert case.intent is not None
    assert case.account is not None
    assert case.intent.instrument is not None
    account, instrument = case.account, case.intent.instrument
    if case.stance is Stance.MANDATE:
        return _room(len(account.mandates))
    if case.intent.action in SELLS:
        held, wanted = account.held(instrument), quantity_of(case)
        free = exact.minus(held.quantity, held.reserved)
        if wanted <= 0 or wanted > free:
            return Refusal(reason=Reason.INSUFFICIENT_POSITION, facts=facts(measured=wanted, limit=free))
    else:
        needed = cash_needed(case)
        if needed > account.cash:
            return Refusal(reason=Reason.INSUFFICIENT_FUNDS, facts=facts(measured=needed, limit=account.cash))
    side = side_of(case.intent.action)
    opposite = sum(
        1
        for order in account.orders.values()
        if order.instrument == instrument and order.side not in ("", side)
    )
    if opposite or len(account.orders) >= OPEN_MAX:
        return Refusal(
            reason=Reason.RESOURCE_CONTENTION, facts=facts(open_orders=len(account.orders), opposite=opposite)
        )
    return None


def _room(standing: int) -> Answer:
    """A frame reserves nothing, its children do; it only takes one of the account's places for frames."""
    if standing < MANDATES_MAX:
        return None
    return Refusal(
        reason=Reason.RESOURCE_CONTENTION, facts=facts(mandates=standing, mandates_limit=MANDATES_MAX)
    )
