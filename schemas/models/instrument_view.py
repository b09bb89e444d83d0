"""One instrument as it stood at taken_at; absent features are unknown, not zero.

Generated from schemas/avro/instrument_view.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.window_return import WindowReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentView:
    instrument: str
    last: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    mid: Decimal | None = None
    spread_bps: Decimal | None = None
    sma: Decimal | None = None
    ema: Decimal | None = None
    rsi: Decimal | None = None
    atr: Decimal | None = None
    volatility: Decimal | None = None
    drawdown: Decimal | None = None
    returns: tuple[WindowReturn, ...]
    price_partition: int | None = None
    price_offset: int | None = None  # Offset of the quote on market.signals.
    quote_time: int | None = None
