"""A price that cannot be: zero, negative, crossed, or a bar that contradicts itself."""

from __future__ import annotations

from typing import assert_never

from schemas.models import Bar, News, Quote, Timer, Trade


def absurdity(body: Quote | Trade | Bar | News | Timer) -> str | None:
    """What is wrong with the figures of a signal, or None. News and timers have none."""
    match body:
        case Quote():
            return _quote(body)
        case Trade():
            if body.price <= 0:
                return f"price={body.price}"
            return f"size={body.size}" if body.size < 0 else None
        case Bar():
            return _bar(body)
        case News() | Timer():
            return None
        case _:
            assert_never(body)


def _quote(quote: Quote) -> str | None:
    if quote.bid <= 0 or quote.ask <= 0:
        return f"bid={quote.bid} ask={quote.ask}"
    if quote.bid > quote.ask:
        return f"crossed: bid={quote.bid} ask={quote.ask}"
    if quote.bid_size < 0 or quote.ask_size < 0:
        return f"bid_size={quote.bid_size} ask_size={quote.ask_size}"
    return None


def _bar(bar: Bar) -> str | None:
    if min(bar.open, bar.high, bar.low, bar.close) <= 0:
        return f"open={bar.open} high={bar.high} low={bar.low} close={bar.close}"
    if bar.high < max(bar.open, bar.close) or bar.low > min(bar.open, bar.close):
        return f"high={bar.high} low={bar.low} do not enclose open={bar.open} close={bar.close}"
    if bar.volume < 0 or bar.period_ms <= 0:
        return f"volume={bar.volume} period_ms={bar.period_ms}"
    return None
