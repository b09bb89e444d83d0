"""The account and the order as `rules/` look at them: the kernel's own figures, never the claim's."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal

from kernel import exact
from kernel.case import Case, Stance
from kernel.state.accounts import Account
from kernel.state.days import UTC_ZONE
from kernel.state.whole import State
from rules.drift import live_price
from rules.exact import ratio, storable
from rules.orders import AccountFigures, Holding, OrderShape, judged_price
from rules.resolve import Resolved, regime_of, resolve
from schemas.models import InstrumentView, Intent, Side

RESOLVE = functools.lru_cache(maxsize=1_024)(resolve)  # gates 9 and 11 and the facts ask the same of one case


def worth(state: State, account: Account, instrument: str) -> Decimal:
    """What the holding of an instrument is worth at its folded mark; without a mark, what it cost."""
    held, mark = account.held(instrument), state.core.marks.get(instrument)
    if mark is None:
        return held.total_cost
    return exact.money(exact.times(held.quantity, exact.mid(mark.bid, mark.ask)))


def equity_of(state: State, account: Account) -> Decimal:
    """Free and reserved cash and everything held at its mark; a price nobody can mean ends at the bound."""
    values = (worth(state, account, name) for name in sorted(account.positions))
    return storable(exact.plus(account.cash, account.reserved_cash, *values))


def account_figures(state: State, account: Account) -> AccountFigures:
    """The account for the mechanical checker."""
    holdings = tuple(
        Holding(instrument=name, quantity=account.positions[name].quantity, value=worth(state, account, name))
        for name in sorted(account.positions)
    )
    return AccountFigures(
        equity=account.equity,
        holdings=holdings,
        reserved_cash=account.reserved_cash,
        coming=tuple(_coming(account)),
    )


def _coming(account: Account) -> Iterator[Holding]:
    """What each open purchase may still add; its exposure is in the cash it has reserved."""
    for order in account.orders.values():
        left = exact.minus(order.quantity, order.filled)
        if order.side == "BUY" and left > 0:
            worth_of_it = exact.times(left, order.limit_price)
            yield Holding(instrument=order.instrument, quantity=left, value=worth_of_it)


def price_of(intent: Intent, view: InstrumentView | None) -> Decimal | None:
    """The price an order is judged at; of a mandate the highest its children may pay; else None.

    A snapshot may hold a price that is none: here it is missing, for MALFORMED is a word of gate 1.
    """
    frame = intent.mandate
    return live_price(
        judged_price(intent.action, intent.limit_price, view) if frame is None else frame.price_high
    )


def shape(case: Case) -> OrderShape:
    """The order for the mechanical checker, at the price it is judged at."""
    assert case.intent is not None
    intent, view = case.intent, case.view
    return OrderShape(
        action=intent.action,
        instrument=intent.instrument,
        quantity=intent.quantity,
        price=price_of(intent, view),
        stop=intent.stop,
        target=intent.target_price,
        atr=None if view is None or view.atr is None else max(view.atr, exact.ZERO),
        reducing=case.stance is Stance.REDUCING or _sells_only_what_is_held(case),
    )


def _sells_only_what_is_held(case: Case) -> bool:
    """Whether all of a mandate's children together could only take risk away."""
    assert case.intent is not None
    frame, name = case.intent.mandate, case.intent.instrument
    if frame is None or name is None or case.account is None or frame.side is not Side.SELL:
        return False
    held = case.account.held(name)
    return case.intent.quantity <= exact.minus(held.quantity, held.reserved)


def resolved(case: Case) -> Resolved:
    """The contract's limits under the overlays of regime, volatility and the day's profit."""
    assert case.grant is not None
    assert case.account is not None
    volatility = None if case.view is None else case.view.volatility
    return RESOLVE(
        case.grant.contract.limits,
        regime=regime_of(volatility),
        volatility=volatility,
        profit_pct=day_profit(case.account),
    )


def day_profit(account: Account) -> Decimal | None:
    """The day's profit as a fraction of the equity it began with, rounded up: toward the stricter phase."""
    starts = account.day_starts.get(UTC_ZONE)
    if starts is None or starts.equity <= 0:
        return None
    return ratio(exact.minus(account.equity, starts.equity), starts.equity, "ROUND_CEILING")
