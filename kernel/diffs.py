"""Before and after: what an order that waits for a person would change of what the account holds."""

from __future__ import annotations

from decimal import Decimal

from kernel import exact
from kernel.case import Case, Stance
from kernel.figures import account_figures, shape, worth
from kernel.orders import SELLS, quantity_of
from rules.exact import storable
from schemas.models import Action, HoldingDiff

TRADES = frozenset({Action.BUY, Action.SELL, Action.CLOSE})


def holding_diff(case: Case) -> HoldingDiff | None:
    """Quantity of the instrument, free cash and gross exposure, at the price the order is judged at, no fees.

    None for what trades nothing. Without a price, what is sold counts at the account's mark.
    """
    intent, account = case.intent, case.account
    if intent is None or account is None or intent.instrument is None or intent.action not in TRADES:
        return None
    held, quantity = account.held(intent.instrument), quantity_of(case)
    marked = _part(worth(case.state, account, intent.instrument), quantity, held.quantity)
    price = shape(case).price
    value = marked if price is None else exact.times(quantity, price)
    sells = intent.action in SELLS
    exposure = account_figures(case.state, account).exposure
    leaves = case.stance is Stance.REDUCING
    return HoldingDiff(
        instrument=intent.instrument,
        quantity_before=storable(held.quantity),
        quantity_after=storable(_moved(held.quantity, quantity, down=sells)),
        cash_before=storable(account.cash),
        cash_after=storable(_moved(account.cash, value, down=not sells)),
        exposure_before=storable(exposure),
        exposure_after=storable(_moved(exposure, marked if leaves else value, down=leaves)),
    )


def _moved(amount: Decimal, by: Decimal, *, down: bool) -> Decimal:
    return exact.minus(amount, by) if down else exact.plus(amount, by)


def _part(whole: Decimal, quantity: Decimal, of: Decimal) -> Decimal:
    """The worth of ``quantity`` out of ``of`` that are worth ``whole``; nothing of nothing."""
    return exact.share(whole, quantity, of) if of > 0 else exact.ZERO
