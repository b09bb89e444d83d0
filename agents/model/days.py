"""Real market days the model never saw, read from minute bars as LEAN stores them (zipped CSV)."""

import zipfile
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from pathlib import Path

from agents.model.prompt import BPS, Levels, Observation, levels

SPAN = 15
"""Minutes of the long return, SMA and RSI windows; before them a day has no rows."""


def closes(path: Path) -> list[Decimal]:
    """Closing prices of the minutes that traded, in order; columns are ms, open, high, low, close, volume."""
    with zipfile.ZipFile(path) as packed:
        (name,) = packed.namelist()
        text = packed.read(name).decode("ascii")
    return [Decimal(line.split(",")[4]) for line in text.splitlines() if line]


def day_levels(prices: list[Decimal]) -> Iterator[Levels]:
    """Levels of each minute of a day; holding alternates every half hour, so that leaving is asked too."""
    high = Decimal(0)
    for at, price in enumerate(prices):
        high = max(high, price)
        if at < SPAN:
            continue
        window = prices[at - SPAN : at + 1]
        yield levels(
            Observation(
                short_bps=_bps(price, window[-2]),
                long_bps=_bps(price, window[0]),
                gap_bps=_bps(price, sum(window, Decimal(0)) / len(window)),
                rsi=_rsi(window),
                volatility_bps=_volatility(window),
                drawdown_bps=_bps(high, price),
                held_pct=Decimal(40 if at // 30 % 2 else 0),
                spread_bps=Decimal(1),
            )
        )


def _bps(price: Decimal, base: Decimal) -> Decimal:
    return (price - base) * BPS / base


def _rsi(window: list[Decimal]) -> Decimal:
    moves = [later - earlier for earlier, later in pairwise(window)]
    up = sum((move for move in moves if move > 0), Decimal(0))
    down = -sum((move for move in moves if move < 0), Decimal(0))
    return Decimal(50) if up + down == 0 else 100 * up / (up + down)


def _volatility(window: list[Decimal]) -> Decimal:
    """Root mean square of one-minute returns in whole basis points, without a float."""
    returns = [Fraction(later - earlier) * BPS / Fraction(earlier) for earlier, later in pairwise(window)]
    return Decimal(isqrt(int(sum(r * r for r in returns) / len(returns))))
