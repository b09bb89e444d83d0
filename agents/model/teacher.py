"""The momentum scalper the shipped model learns: explicit rules, so that every answer has a reason.

Buy a strong short move above its average while RSI is below 70, small and by strength; leave on the first
strong move down or at an extreme; else hold. It teaches, and it is the yardstick of the model card; at run
time nothing asks it. It never says HALT: a single-atom agent has no veto.
"""

from agents.emit import Slots
from agents.model.prompt import Levels

STEP = 5
"""Numbers are taught in steps of five percent: finer ones would be learned noise."""


def teach(seen: Levels) -> Slots:
    """The one right answer to these levels."""
    if seen.held > 0:
        if _leave(seen):
            return _close(seen)
        if _lighten(seen):
            return _sell(seen)
    if _enter(seen):
        return _buy(seen)
    return _hold(seen)


def _leave(seen: Levels) -> bool:
    tumbling = seen.short <= -3
    sliding = seen.short <= -1 and seen.long <= -1
    return tumbling or sliding or seen.rsi >= 7 or seen.drawdown >= 4 > seen.short + 3


def _lighten(seen: Levels) -> bool:
    return (seen.rsi >= 6 and seen.short <= 0) or (seen.held >= 4 and seen.gap <= -1)


def _enter(seen: Levels) -> bool:
    strong = seen.short >= 2 and seen.gap >= 1
    room = seen.held <= 3 and seen.spread <= 2
    return strong and room and seen.long >= -1 and seen.rsi <= 5


def _buy(seen: Levels) -> Slots:
    size = (
        10 + STEP * (seen.short + max(seen.long, 0)) - STEP * max(seen.volatility - 2, 0) - STEP * seen.held
    )
    confidence = 60 + STEP * (seen.short + min(max(seen.long, 0), 2)) - STEP * (seen.drawdown >= 3)
    return Slots(
        action="BUY",
        size=max(STEP, size),
        band=20 + 10 * seen.short,
        stop=10 * seen.volatility,
        target=10 * max(seen.long, 0) + STEP * seen.gap,
        confidence=confidence,
    )


def _sell(seen: Levels) -> Slots:
    return Slots(
        action="SELL",
        size=50 if seen.rsi >= 6 else 25,
        band=20 + 10 * seen.volatility,
        stop=0,
        target=0,
        confidence=75 + STEP * (seen.rsi >= 6),
    )


def _close(seen: Levels) -> Slots:
    hurry = max(-seen.short, 0)
    return Slots(
        action="CLOSE",
        size=100,
        band=40 + 10 * seen.volatility,  # a fast market is left at a worse price rather than not at all
        stop=0,
        target=0,
        confidence=75 + STEP * hurry,
    )


def _hold(seen: Levels) -> Slots:
    quiet = 4 - abs(seen.short)
    return Slots(action="HOLD", size=0, band=0, stop=0, target=0, confidence=70 + STEP * quiet)
