"""What the features of one instrument remember: small, exact, and the same after a trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, cast

from schemas.money import plain

FEATURE_VERSION = 1
AVERAGE_BARS = 20
WILDER_BARS = 14
CLOSES_MAX = 61  # one hour of minute bars and the close before them
MICROS_PER_S = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureState:
    """One instrument's memory. Prices in USD, times in micros UTC, None = not yet.

    closes: (event time, close) of the last bars, oldest first. gain, loss: Wilder averages of RSI;
    true_range: Wilder average of ATR; until each has its first fourteen values it is their running sum.
    """

    period_ms: int | None = None
    bars: int = 0
    closes: tuple[tuple[int, Decimal], ...] = ()
    ema: Decimal | None = None
    gain: Decimal = Decimal(0)
    loss: Decimal = Decimal(0)
    true_range: Decimal = Decimal(0)
    last: Decimal | None = None
    last_time: int = 0
    bid: Decimal | None = None
    ask: Decimal | None = None
    quote_time: int | None = None
    quote_partition: int | None = None
    quote_offset: int | None = None


EMPTY = FeatureState()


def to_json(state: FeatureState) -> dict[str, object]:
    """A map of plain JSON values; decimals as shortest text."""
    tree: dict[str, object] = {"version": FEATURE_VERSION}
    for name, value in asdict(state).items():
        tree[name] = plain(value) if isinstance(value, Decimal) else value
    tree["closes"] = [[at, plain(price)] for at, price in state.closes]
    return tree


def from_json(tree: Mapping[str, object]) -> FeatureState:
    """The state `to_json` wrote. Raises ValueError when another feature version wrote it."""
    if tree.get("version") != FEATURE_VERSION:
        # Figures of another version would be mixed into this one's averages.
        raise ValueError(f"features of version {tree.get('version')}, not {FEATURE_VERSION}")
    taken: dict[str, object] = {}
    for field in fields(FeatureState):
        value = tree[field.name]
        taken[field.name] = Decimal(value) if isinstance(value, str) else value
    rows = cast("list[tuple[int, str]]", tree["closes"])
    taken["closes"] = tuple((at, Decimal(price)) for at, price in rows)
    return FeatureState(**cast("dict[str, Any]", taken))
