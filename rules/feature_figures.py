"""Features of one instrument, read off its memory: exact figures, None for what is not known yet."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from rules.exact import ratio, root
from rules.feature_state import AVERAGE_BARS, MICROS_PER_S, WILDER_BARS, FeatureState
from schemas.models import InstrumentView, WindowReturn
from schemas.money import CONTEXT

VOLATILITY_BARS = 20
PEAK_BARS = 60
RETURN_WINDOWS_S = (60, 300, 900, 3600)
ZERO, TWO, HUNDRED, BPS = Decimal(0), Decimal(2), Decimal(100), Decimal(10_000)


def instrument_view(state: FeatureState, instrument: str) -> InstrumentView:
    """The features as a snapshot shows them; what is not known yet is None, never zero."""
    mid = None if state.bid is None or state.ask is None else _half(CONTEXT.add(state.bid, state.ask))
    return InstrumentView(
        instrument=instrument,
        last=state.last,
        bid=state.bid,
        ask=state.ask,
        mid=mid,
        spread_bps=_spread(state, mid),
        sma=average_of_closes(state),
        ema=state.ema,
        rsi=_rsi(state),
        atr=state.true_range if state.bars > WILDER_BARS else None,
        volatility=_volatility(state),
        drawdown=_drawdown(state),
        returns=_returns(state),
        price_partition=state.quote_partition,
        price_offset=state.quote_offset,
        quote_time=state.quote_time,
    )


def _half(value: Decimal) -> Decimal:
    return ratio(value, TWO, "ROUND_HALF_EVEN")


def _spread(state: FeatureState, mid: Decimal | None) -> Decimal | None:
    if state.bid is None or state.ask is None or mid is None or mid <= 0:
        return None
    wide = CONTEXT.multiply(CONTEXT.subtract(state.ask, state.bid), BPS)
    return ratio(wide, mid, "ROUND_HALF_EVEN")


def mean(total: Decimal, count: int) -> Decimal:
    """``total / count``, half to even at eighteen digits."""
    return ratio(total, Decimal(count), "ROUND_HALF_EVEN")


def _total(values: list[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = CONTEXT.add(total, value)
    return total


def average_of_closes(state: FeatureState) -> Decimal | None:
    """SMA of the last twenty closes."""
    if state.bars < AVERAGE_BARS:
        return None
    return mean(_total([price for _, price in state.closes[-AVERAGE_BARS:]]), AVERAGE_BARS)


def _rsi(state: FeatureState) -> Decimal | None:
    if state.bars <= WILDER_BARS:
        return None
    whole = CONTEXT.add(state.gain, state.loss)
    if whole == 0:
        return ZERO
    return ratio(CONTEXT.multiply(HUNDRED, state.gain), whole, "ROUND_HALF_EVEN")


def _volatility(state: FeatureState) -> Decimal | None:
    """Root mean square of the last twenty bar returns: realised volatility per bar, a fraction."""
    if state.bars <= VOLATILITY_BARS:
        return None
    prices = [price for _, price in state.closes[-VOLATILITY_BARS - 1 :]]
    squares = []
    for before, after in pairwise(prices):
        step = ratio(CONTEXT.subtract(after, before), before, "ROUND_HALF_EVEN")
        squares.append(CONTEXT.multiply(step, step))
    return root(mean(_total(squares), VOLATILITY_BARS), "ROUND_HALF_EVEN")


def _drawdown(state: FeatureState) -> Decimal | None:
    """How far the last close is below the highest of the last sixty, as a fraction."""
    if not state.closes:
        return None
    peak = max(price for _, price in state.closes[-PEAK_BARS:])
    below = CONTEXT.subtract(peak, state.closes[-1][1])
    return ratio(below, peak, "ROUND_HALF_EVEN")


def _returns(state: FeatureState) -> tuple[WindowReturn, ...]:
    if not state.closes:
        return ()
    now, close = state.closes[-1]
    found = []
    for window_s in RETURN_WINDOWS_S:
        window = window_s * MICROS_PER_S
        before = [price for at, price in state.closes if now - 2 * window < at <= now - window]
        if before:  # a gap longer than the window itself leaves the return unknown
            value = ratio(CONTEXT.subtract(close, before[-1]), before[-1], "ROUND_HALF_EVEN")
            found.append(WindowReturn(window_s=window_s, value=value))
    return tuple(found)
