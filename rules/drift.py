"""Whether the world has moved since it was looked at: exact predicates, multiplied out and never divided."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from rules.exact import ratio
from schemas.money import CONTEXT
from schemas.reasons import Reason

BPS = Decimal(10_000)
MICROS_PER_MS = 1_000

Side = Literal["long", "short"]


def live_price(price: Decimal | None) -> Decimal | None:
    """``price`` when it is one: present, finite, above zero."""
    return price if price is not None and price.is_finite() and price > 0 else None


def moved_bps(snapshot: Decimal, live: Decimal) -> Decimal:
    """How far ``live`` is from ``snapshot`` in basis points, rounded up: for facts, never for deciding."""
    moved = CONTEXT.subtract(live, snapshot).copy_abs()
    return ratio(CONTEXT.multiply(moved, BPS), snapshot, "ROUND_CEILING")


def within_envelope(snapshot: Decimal, live: Decimal, envelope_bps: Decimal) -> bool:
    """|live - snapshot| * 10^4 <= envelope * snapshot: dividing would round toward yes."""
    moved = CONTEXT.subtract(live, snapshot).copy_abs()
    return CONTEXT.multiply(moved, BPS) <= CONTEXT.multiply(envelope_bps, snapshot)


def price_drift(snapshot: Decimal | None, live: Decimal | None, envelope_bps: Decimal) -> Reason | None:
    """NO_LIVE_PRICE, STALE_CONTEXT or None (article, section 4.4); a context without a price is stale."""
    found = live_price(live)
    if found is None:
        return Reason.NO_LIVE_PRICE
    seen = live_price(snapshot)
    if seen is None or not envelope_bps.is_finite() or not within_envelope(seen, found, envelope_bps):
        return Reason.STALE_CONTEXT
    return None


def older_than(taken_at: int, now: int, age_max_ms: int) -> bool:
    """Whether what was true at ``taken_at`` (micros) is older than ``age_max_ms``, or from the future."""
    return now - taken_at > age_max_ms * MICROS_PER_MS or taken_at > now


def half_bracket_stands(side: Side, price: Decimal, stop: Decimal | None, target: Decimal | None) -> bool:
    """Whether what is given of a bracket is above zero and strictly on its side of ``price``."""
    below, above = (stop, target) if side == "long" else (target, stop)
    if below is not None and not 0 < below < price:
        return False
    return above is None or above > price > 0


def reward_suffices(price: Decimal, stop: Decimal, target: Decimal, risk_reward_min: Decimal) -> bool:
    """|target - price| >= minimum * |price - stop|, exact and inclusive."""
    reward = CONTEXT.subtract(target, price).copy_abs()
    risk = CONTEXT.subtract(price, stop).copy_abs()
    return reward >= CONTEXT.multiply(risk_reward_min, risk)


def risk_reward(price: Decimal, stop: Decimal, target: Decimal) -> Decimal:
    """Reward per risk, rounded down: a figure for facts. ``price`` must differ from ``stop``."""
    reward = CONTEXT.subtract(target, price).copy_abs()
    return ratio(reward, CONTEXT.subtract(price, stop).copy_abs(), "ROUND_FLOOR")


def geometry_holds(
    side: Side, live: Decimal, stop: Decimal, target: Decimal, risk_reward_min: Decimal
) -> bool:
    """Whether stop and target still mean at the live price what they meant when the order was made."""
    if not all(figure.is_finite() for figure in (live, stop, target)):
        return False
    return half_bracket_stands(side, live, stop, target) and reward_suffices(
        live, stop, target, risk_reward_min
    )
