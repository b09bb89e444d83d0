"""One minute of one instrument, as it was known when the minute began."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRow:
    """Best bid and ask at the instant of the group."""

    bid: Decimal
    ask: Decimal
    bid_size: Decimal
    ask_size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """Trades of the minute that ended at the instant of the group."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What a feed publishes between two rests; ``at`` in micros UTC. A missing row is a silent feed."""

    at: int
    instrument: str
    quote: QuoteRow | None
    bar: BarRow | None
