"""Features of one instrument, bar by bar: SMA, EMA, RSI, ATR, volatility, drawdown and returns, exact.

Values and seeding are TA-Lib's (Wilder: the first average is a plain mean of fourteen); every division is
rounded half to even at eighteen digits, so any process gives the same bytes. RSI of a price that never moved
is 0, as TA-Lib's is.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from rules.exact import ratio
from rules.feature_figures import TWO, ZERO, average_of_closes, instrument_view, mean
from rules.feature_state import (
    AVERAGE_BARS,
    CLOSES_MAX,
    EMPTY,
    FEATURE_VERSION,
    WILDER_BARS,
    FeatureState,
    from_json,
    to_json,
)
from schemas.models import Bar, Quote
from schemas.money import CONTEXT

__all__ = [
    "EMPTY", "FEATURE_VERSION", "FeatureState", "absorb_bar", "absorb_quote", "absorb_trade",
    "from_json", "instrument_view", "to_json",
]  # fmt: skip

_EMA_DENOMINATOR = Decimal(AVERAGE_BARS + 1)


def absorb_bar(state: FeatureState, bar: Bar, event_time: int) -> FeatureState:
    """The state after a closed bar (``event_time``: micros UTC of its close).

    A bar not newer than the last, or of another period than the first, changes nothing: averages over mixed
    periods would be of nothing.
    """
    newest = state.closes[-1][0] if state.closes else None
    if (newest is not None and event_time <= newest) or state.period_ms not in (None, bar.period_ms):
        return state
    closes = (*state.closes, (event_time, bar.close))[-CLOSES_MAX:]
    moved = replace(state, period_ms=bar.period_ms, bars=state.bars + 1, closes=closes)
    moved = replace(moved, ema=_ema(moved, bar.close))
    if newest is not None:
        moved = _wilder(moved, bar, state.closes[-1][1])
    return absorb_trade(moved, bar.close, event_time)


def absorb_trade(state: FeatureState, price: Decimal, event_time: int) -> FeatureState:
    """The state after a trade: the last price, unless a newer one is known."""
    if event_time < state.last_time:
        return state
    return replace(state, last=price, last_time=event_time)


def absorb_quote(
    state: FeatureState, quote: Quote, event_time: int, *, partition: int, offset: int
) -> FeatureState:
    """The state after a quote, with where on `market.signals` it stands, unless a newer one is known."""
    if state.quote_time is not None and event_time < state.quote_time:
        return state
    return replace(
        state,
        bid=quote.bid,
        ask=quote.ask,
        quote_time=event_time,
        quote_partition=partition,
        quote_offset=offset,
    )


def _ema(state: FeatureState, close: Decimal) -> Decimal | None:
    if state.bars <= AVERAGE_BARS or state.ema is None:
        return average_of_closes(state)  # the seed is the first plain average
    step = CONTEXT.multiply(TWO, CONTEXT.subtract(close, state.ema))
    return CONTEXT.add(state.ema, ratio(step, _EMA_DENOMINATOR, "ROUND_HALF_EVEN"))


def _wilder(state: FeatureState, bar: Bar, before: Decimal) -> FeatureState:
    change = CONTEXT.subtract(bar.close, before)
    high_side = CONTEXT.subtract(bar.high, before).copy_abs()
    low_side = CONTEXT.subtract(bar.low, before).copy_abs()
    reach = max(CONTEXT.subtract(bar.high, bar.low), high_side, low_side)
    seen = state.bars - 1  # differences seen, this one included
    return replace(
        state,
        gain=_smoothed(state.gain, max(change, ZERO), seen),
        loss=_smoothed(state.loss, max(change.copy_negate(), ZERO), seen),
        true_range=_smoothed(state.true_range, reach, seen),
    )


def _smoothed(average: Decimal, value: Decimal, seen: int) -> Decimal:
    if seen < WILDER_BARS:
        return CONTEXT.add(average, value)
    if seen == WILDER_BARS:
        return mean(CONTEXT.add(average, value), WILDER_BARS)
    kept = CONTEXT.multiply(average, Decimal(WILDER_BARS - 1))
    return mean(CONTEXT.add(kept, value), WILDER_BARS)
