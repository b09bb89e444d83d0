"""What may be done under a mandate: one rule for the agent that proposes and the kernel that judges.

What protects (HOLD, HALT, CANCEL, CLOSE) does not act under a mandate and is never asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from schemas.models import Action, Fact, MandateView, Side
from schemas.money import CONTEXT

ACTING = frozenset({Action.BUY, Action.SELL})
SIDES = {Side.BUY: Action.BUY, Side.SELL: Action.SELL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What of a mandate is overstepped: `action`, `instrument`, `price` or `quantity`, with its figures."""

    what: str
    measured: Decimal | None = None
    limit: Decimal | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """measured and limit; nothing where nothing is measured."""
        if self.measured is None or self.limit is None:
            return ()
        return (Fact(name="measured", value=self.measured), Fact(name="limit", value=self.limit))


def breach(
    frame: MandateView, *, action: Action, instrument: str | None, quantity: Decimal, price: Decimal | None
) -> Breach | None:
    """The first thing a BUY or SELL oversteps; bounds are inclusive, the sum is exact.

    ``price``: the one the order is judged at, USD; without one nothing shows that it is in the band.
    """
    if action is not SIDES[frame.side]:
        return Breach(what="action")
    if instrument != frame.instrument:
        return Breach(what="instrument")
    if price is None:
        return Breach(what="price")
    if price < frame.price_low:
        return Breach(what="price", measured=price, limit=frame.price_low)
    if price > frame.price_high:
        return Breach(what="price", measured=price, limit=frame.price_high)
    wanted = CONTEXT.add(frame.used, quantity)
    if wanted > frame.total:
        return Breach(what="quantity", measured=wanted, limit=frame.total)
    return None


def remaining(frame: MandateView) -> Decimal:
    """What children may still ask for, in units of the instrument."""
    return CONTEXT.subtract(frame.total, frame.used)


def in_force(frame: MandateView, now: int) -> bool:
    """Whether anything can still be done under it at ``now`` (micros UTC); its last moment counts."""
    return now <= frame.expires_at and frame.used < frame.total


def named(frames: Iterable[MandateView], dfid: bytes | None, step_id: str | None) -> MandateView | None:
    """The mandate that a child names as its parent, or None."""
    return next((each for each in frames if (each.dfid, each.step_id) == (dfid, step_id)), None)
