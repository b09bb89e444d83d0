"""The mechanical checker: every limit an order breaks, in the order of the law, as figures.

One function for the agents' refinement and for the kernel's gate 9, so that both sides read the same law.
Values are compared multiplied out; nothing is divided where a decision is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rules.drift import Side, half_bracket_stands, reward_suffices, risk_reward
from rules.exact import fact
from rules.orders import AccountFigures, OrderShape, malformed, notional
from rules.resolve import Resolved
from schemas.models import Action, Fact
from schemas.money import CONTEXT
from schemas.reasons import Reason

ONE_ORDER = (Reason.MAX_SINGLE_TRADE, Reason.MAX_ORDER_VALUE)
SHAPELESS = (Action.HOLD, Action.HALT, Action.CANCEL)  # they move no quantity of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken limit: what was measured and what it is measured against; None where nothing is measured."""

    reason: Reason
    name: str
    measured: Decimal | None = None
    limit: Decimal | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The figures as they ride with a refusal; a missing parameter is ``<name>_missing`` = 1."""
        if self.measured is None:
            return (fact(f"{self.name}_missing", 1),)
        measured = fact(self.name, self.measured)
        return (measured,) if self.limit is None else (measured, fact(f"{self.name}_limit", self.limit))


def check(order: OrderShape, account: AccountFigures, limits: Resolved) -> tuple[Violation, ...]:
    """All violations in law order; empty means the order is within ``limits``.

    A figure that is no figure (NaN, infinite, not above zero) is MALFORMED and ends the check: the codec
    keeps such bytes from the kernel, an agent's own draft meets it here.
    """
    if order.action in SHAPELESS:
        return ()
    if broken := malformed(order):
        return (Violation(reason=Reason.MALFORMED, name=broken),)
    missing = tuple(_missing(order, limits))
    if order.reducing or order.action is Action.CLOSE:
        return tuple(violation for violation in missing if violation.name == "instrument")
    bracket = tuple(_bracket(order, limits))
    inverted = [broken for broken in bracket if broken.reason is Reason.INVERTED_BRACKET]
    others = [broken for broken in bracket if broken.reason is not Reason.INVERTED_BRACKET]
    return (*missing, *inverted, *_sizes(order, account, limits), *others)


def _missing(order: OrderShape, limits: Resolved) -> Iterator[Violation]:
    if order.instrument is None:
        yield Violation(reason=Reason.PARAMETER_MISSING, name="instrument")
    if order.action is Action.CLOSE:
        return  # what it closes is what is held
    needed = [("quantity", order.quantity), ("price", order.price)]
    if order.action is not Action.MANDATE:
        wanted = limits.limits.min_risk_reward > 0
        needed += [("stop", order.stop)] if wanted or limits.limits.min_stop_atr_multiple > 0 else []
        needed += [("target", order.target)] if wanted else []
    for name, figure in needed:
        if figure is None:
            yield Violation(reason=Reason.PARAMETER_MISSING, name=name)


def _sizes(order: OrderShape, account: AccountFigures, limits: Resolved) -> Iterator[Violation]:
    if order.quantity is None or order.price is None:
        return
    law, value = limits.limits, notional(order.quantity, order.price)
    held_quantity, held_value = account.position(order.instrument)
    position_quantity, position_value = (
        CONTEXT.add(order.quantity, held_quantity),
        CONTEXT.add(value, held_value),
    )
    opened = account.opened | {order.instrument}
    ceilings = (
        (Reason.MAX_SINGLE_TRADE, "single_trade", value, _part(law.max_single_trade_pct, account)),
        (Reason.MAX_POSITION, "position_size", position_quantity, law.max_position_size),
        (Reason.MAX_POSITION, "position_value", position_value, _part(law.max_position_pct, account)),
        (Reason.MAX_ORDER_VALUE, "order_value", value, law.max_order_value),
        (Reason.MAX_OPEN_POSITIONS, "open_positions", Decimal(len(opened)), Decimal(law.max_open_positions)),
        (
            Reason.MAX_LEVERAGE,
            "exposure",
            CONTEXT.add(account.exposure, value),
            _part(law.max_leverage, account),
        ),
    )
    for reason, name, measured, limit in ceilings:
        if order.action is Action.MANDATE and reason in ONE_ORDER:
            continue  # a total is worked in many orders, and each of them meets these limits itself
        if measured > limit:
            yield Violation(reason=reason, name=name, measured=measured, limit=limit)


def _bracket(order: OrderShape, limits: Resolved) -> Iterator[Violation]:
    price, stop, target, law = order.price, order.stop, order.target, limits.limits
    if price is None or order.action not in (Action.BUY, Action.SELL):
        return
    side: Side = "long" if order.action is Action.BUY else "short"
    if not half_bracket_stands(side, price, stop, target):
        # Neither reward nor distance means anything when stop and target are on the wrong sides.
        yield Violation(reason=Reason.INVERTED_BRACKET, name="price", measured=price)
        return
    if stop is None:
        return
    if target is not None and not reward_suffices(price, stop, target, law.min_risk_reward):
        measured = risk_reward(price, stop, target)
        yield Violation(
            reason=Reason.MIN_RISK_REWARD, name="risk_reward", measured=measured, limit=law.min_risk_reward
        )
    if order.atr is not None:
        distance = CONTEXT.subtract(price, stop).copy_abs()
        limit = CONTEXT.multiply(law.min_stop_atr_multiple, order.atr)
        if distance < limit:
            yield Violation(reason=Reason.MIN_STOP_ATR, name="stop_distance", measured=distance, limit=limit)


def _part(fraction: Decimal, account: AccountFigures) -> Decimal:
    return CONTEXT.multiply(fraction, account.equity)
