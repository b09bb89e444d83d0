"""What the model is shown: eight features, each quantised to a word, so that equal words mean equal bytes.

The model never sees a price, a name or a headline: nothing a text could carry reaches it.
"""

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

BPS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Figures of one snapshot, exact.

    short_bps, long_bps: last returns over about 1 and 15 minutes; gap_bps: last price over its SMA;
    rsi: 0..100; volatility_bps: realised volatility of one-minute returns; drawdown_bps: below the
    instrument's high; held_pct: position in percent of what the contract lets be held; spread_bps.
    """

    short_bps: Decimal
    long_bps: Decimal
    gap_bps: Decimal
    rsi: Decimal
    volatility_bps: Decimal
    drawdown_bps: Decimal
    held_pct: Decimal
    spread_bps: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One feature's edges, ascending. A value on an edge belongs to the level above it."""

    name: str
    edges: tuple[Decimal, ...]
    lowest: int

    def level(self, value: Decimal) -> int:
        return self.lowest + bisect_right(self.edges, value)

    @property
    def levels(self) -> range:
        return range(self.lowest, self.lowest + len(self.edges) + 1)

    def word(self, level: int) -> str:
        assert level in self.levels, f"{self.name} has no level {level}"
        sign = "+" if self.lowest < 0 and level > 0 else ""
        return f"{self.name}:{sign}{level}"


def _scale(name: str, *edges: str, lowest: int = 0) -> Scale:
    return Scale(name=name, edges=tuple(Decimal(edge) for edge in edges), lowest=lowest)


SCALES: Final = (
    _scale("short", "-60", "-25", "-10", "-3", "3", "10", "25", "60", lowest=-4),
    _scale("long", "-200", "-80", "-30", "-10", "10", "30", "80", "200", lowest=-4),
    _scale("gap", "-80", "-30", "-5", "5", "30", "80", lowest=-3),
    _scale("rsi", "20", "30", "40", "50", "60", "70", "80"),
    _scale("volatility", "5", "10", "20", "40", "80"),
    _scale("drawdown", "100", "300", "700", "1500"),
    # The first edge is the smallest thing held at all: nothing held is a level of its own.
    _scale("held", "0.000000000000000001", "25", "50", "75"),
    _scale("spread", "2", "5", "15"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The eight quantised features: all the model and its teacher know."""

    short: int
    long: int
    gap: int
    rsi: int
    volatility: int
    drawdown: int
    held: int
    spread: int


def levels(seen: Observation) -> Levels:
    values = (
        seen.short_bps,
        seen.long_bps,
        seen.gap_bps,
        seen.rsi,
        seen.volatility_bps,
        seen.drawdown_bps,
        seen.held_pct,
        seen.spread_bps,
    )
    found = [scale.level(value) for scale, value in zip(SCALES, values, strict=True)]
    return of_row(found)


def of_row(row: list[int]) -> Levels:
    short, long, gap, rsi, volatility, drawdown, held, spread = row
    return Levels(
        short=short,
        long=long,
        gap=gap,
        rsi=rsi,
        volatility=volatility,
        drawdown=drawdown,
        held=held,
        spread=spread,
    )


def prompt(found: Levels) -> str:
    """Eight words separated by single spaces, always in the order of SCALES."""
    return " ".join(scale.word(getattr(found, scale.name)) for scale in SCALES)


def words() -> tuple[str, ...]:
    return tuple(scale.word(level) for scale in SCALES for level in scale.levels)
