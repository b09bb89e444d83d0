"""Risk in figures: reward per risk, the stop in multiples of the ATR, results in units of what was risked.

One R is what a position loses when it is left at its stop. The figures tell and decide nothing: the checker
compares the same things multiplied out.
"""

from __future__ import annotations

from decimal import Decimal

from rules.drift import risk_reward
from rules.exact import fact, ratio
from rules.orders import OrderShape, notional
from rules.resolve import Resolved
from schemas.models import Fact
from schemas.money import CONTEXT


def measured(order: OrderShape, limits: Resolved) -> tuple[Fact, ...]:
    """risk_reward (the target in R, rounded down), stop_distance_atr (rounded down), risk_usd (one R).

    Each of the first two with the least that is asked; what an order does not name is not measured.
    """
    price, stop, law = order.price, order.stop, limits.limits
    if price is None or stop is None or stop == price:
        return ()
    found: list[Fact] = []
    distance = CONTEXT.subtract(price, stop).copy_abs()
    if order.target is not None:
        reward = risk_reward(price, stop, order.target)
        found += [fact("risk_reward", reward), fact("risk_reward_limit", law.min_risk_reward)]
    if order.atr is not None and order.atr > 0:
        atrs = ratio(distance, order.atr, "ROUND_FLOOR")
        found += [fact("stop_distance_atr", atrs), fact("stop_distance_atr_limit", law.min_stop_atr_multiple)]
    if order.quantity is not None:
        found.append(fact("risk_usd", notional(order.quantity, distance)))
    return tuple(found)


def r_multiple(live: Decimal, quantity: Decimal, total_cost: Decimal, stop: Decimal | None) -> Decimal | None:
    """(live − average) / (average − stop) of a long position, rounded down; None without risk to measure by.

    quantity × average is the total cost, so that no average is rounded on the way.
    """
    if stop is None or quantity <= 0:
        return None
    risk = CONTEXT.subtract(total_cost, notional(quantity, stop))
    if risk <= 0:
        return None
    return ratio(CONTEXT.subtract(notional(quantity, live), total_cost), risk, "ROUND_FLOOR")
