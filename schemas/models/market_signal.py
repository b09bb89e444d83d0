"""What happened in the market, as its source says.

Generated from schemas/avro/market_signal.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.bar import Bar
from schemas.models.news import News
from schemas.models.quote import Quote
from schemas.models.timer import Timer
from schemas.models.trade import Trade
from schemas.models.urgency import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSignal:
    source: str
    signal_id: str  # Unique per source.
    instrument: str
    venue: str
    event_time: int
    body: Quote | Trade | Bar | News | Timer
    flags: tuple[str, ...] = ()
    urgency: Urgency | None = None
    notional_usd: Decimal | None = None
