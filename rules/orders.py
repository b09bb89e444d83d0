"""What an order is to the rules: its shape, its worth, and whether it only takes risk away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from schemas.models import AccountView, Action, InstrumentView, Intent, Position
from schemas.money import CONTEXT

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShape:
    """An order as the checker looks at it; prices in USD, quantity in units of the instrument, None = absent.

    ``price`` is the one it is judged at. Without an ATR (an instrument's first fourteen bars) no multiple of
    it can be asked for.
    """

    action: Action
    instrument: str | None
    quantity: Decimal | None
    price: Decimal | None
    stop: Decimal | None = None
    target: Decimal | None = None
    atr: Decimal | None = None
    reducing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What is held of one instrument: quantity, and its worth in USD at the mark."""

    instrument: str
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFigures:
    """An account as the checker looks at it: equity and reserved cash in USD, holdings that are not zero."""

    equity: Decimal
    holdings: tuple[Holding, ...] = ()
    reserved_cash: Decimal = ZERO  # what open orders may still turn into exposure
    coming: tuple[Holding, ...] = ()  # what open purchases may still add: quantity, and worth at their limit

    def held(self, instrument: str | None) -> Holding | None:
        return next((held for held in self.holdings if held.instrument == instrument), None)

    def position(self, instrument: str | None) -> tuple[Decimal, Decimal]:
        """Quantity and worth of what is held of one instrument, with what open purchases may still add."""
        quantity = value = ZERO
        for each in (*self.holdings, *self.coming):
            if each.instrument == instrument:
                quantity = CONTEXT.add(quantity, each.quantity.copy_abs())
                value = CONTEXT.add(value, each.value.copy_abs())
        return quantity, value

    @property
    def opened(self) -> frozenset[str]:
        """Instruments that are held, or may be once open purchases are filled."""
        return frozenset(each.instrument for each in (*self.holdings, *self.coming) if each.quantity != 0)

    @property
    def exposure(self) -> Decimal:
        """Gross worth of everything held, and of what open orders may add."""
        total = self.reserved_cash
        for held in self.holdings:
            total = CONTEXT.add(total, held.value.copy_abs())
        return total


def notional(quantity: Decimal, price: Decimal) -> Decimal:
    """The worth of an order in USD, exact."""
    return CONTEXT.multiply(quantity, price)


def malformed(order: OrderShape) -> str | None:
    """The first figure an order cannot have: not finite, below zero, or zero where that means nothing."""
    moves = order.action in (Action.BUY, Action.SELL, Action.MANDATE)
    figures = (
        ("quantity", order.quantity, not moves),
        ("price", order.price, False),
        ("stop", order.stop, False),
        ("target", order.target, False),
        ("atr", order.atr, True),  # an instrument that stands still has no range
    )
    for name, figure, may_be_zero in figures:
        if figure is not None and not _is_figure(figure, may_be_zero=may_be_zero):
            return name
    return None


def _is_figure(figure: Decimal, *, may_be_zero: bool) -> bool:
    return figure.is_finite() and (figure > 0 or (may_be_zero and figure == 0))


def is_reducing(action: Action, quantity: Decimal, position: Position | None) -> bool:
    """CLOSE, CANCEL, or a quantity within what is held and not yet reserved for sale (20-kernel, gates)."""
    if action in (Action.CLOSE, Action.CANCEL):
        return True
    if position is None or not quantity.is_finite():
        return False
    free = CONTEXT.subtract(position.quantity, position.reserved)
    if action is Action.SELL:
        return ZERO < quantity <= free
    # Buying back what was sold short; without shorts nothing is below zero.
    return action is Action.BUY and ZERO < quantity <= position.quantity.copy_negate()


def judged_price(action: Action, limit_price: Decimal | None, view: InstrumentView | None) -> Decimal | None:
    """The price an order is judged at: the worst it accepts, else the quote's side it takes, else last."""
    if limit_price is not None:
        return limit_price
    if view is None:
        return None
    side = view.ask if action is Action.BUY else view.bid
    return side if side is not None else view.last


def shape_of(intent: Intent, view: InstrumentView | None, position: Position | None) -> OrderShape:
    """The shape of an intent against the instrument and the position of one snapshot."""
    return OrderShape(
        action=intent.action,
        instrument=intent.instrument,
        quantity=intent.quantity,
        price=judged_price(intent.action, intent.limit_price, view),
        stop=intent.stop,
        target=intent.target_price,
        atr=view.atr if view is not None else None,
        reducing=is_reducing(intent.action, intent.quantity, position),
    )


def figures_of(view: AccountView, equity: Decimal, marks: Mapping[str, Decimal]) -> AccountFigures:
    """The figures of an account view; ``marks`` in USD by instrument, what has none counts at its cost."""
    holdings = tuple(
        Holding(
            instrument=held.instrument,
            quantity=held.quantity,
            value=notional(held.quantity, marks[held.instrument])
            if held.instrument in marks
            else held.total_cost,
        )
        for held in view.positions
        if held.quantity != 0
    )
    return AccountFigures(equity=equity, holdings=holdings, reserved_cash=view.reserved_cash)


def position_of(view: AccountView, instrument: str | None) -> Position | None:
    """What the account holds of ``instrument``, None when nothing."""
    return next((held for held in view.positions if held.instrument == instrument), None)
