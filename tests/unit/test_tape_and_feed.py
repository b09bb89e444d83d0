"""The tape is what its provenance says, and a feed is a pure plan of it."""

from __future__ import annotations

import gzip
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from interlock.demo_plan import Wanted, plan, window
from interlock.feed.faults import faults
from interlock.feed.made_up import headlines, instructions, orders
from interlock.feed.plan import signals
from interlock.tape import lean, shipped
from interlock.tape.lean import BadTape
from ledger.signing import Signer
from schemas import avsc
from schemas.models import MarketSignal, Timer
from schemas.wire import Refused, SchemaIds

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "lean_crypto" / "coinbase" / "minute"
NAMES = ("MarketSignal", "ClockTick", "InstructionRecord")
IDS = SchemaIds(ids={n: avsc.digest(f"interlock.{name}") for n, name in enumerate(NAMES, 1)})
LEDGER = b"L" * 16


@pytest.fixture(scope="module")
def groups():
    return shipped.read()


def test_the_shipped_day_is_one_day_of_two_instruments_in_order(groups):
    assert {group.instrument for group in groups} == {"btc-usd", "eth-usd"}
    assert [(g.at, g.instrument) for g in groups] == sorted((g.at, g.instrument) for g in groups)
    assert len(groups) == 2882
    assert max(group.at for group in groups) - min(group.at for group in groups) == 24 * 3_600_000_000


def test_the_shipped_day_is_what_the_script_makes_of_the_source(groups):
    if not SHARED.exists():
        pytest.skip("the source files are not beside this checkout, so they cannot be compared")
    day = lean.day(SHARED / "btcusd", "20170904", "btc-usd")
    assert day == [group for group in groups if group.instrument == "btc-usd"]


def test_the_market_fell_that_day(groups):
    closes = [group.bar.close for group in groups if group.instrument == "eth-usd" and group.bar]
    peak, worst = closes[0], Decimal(0)
    for close in closes:
        peak = max(peak, close)
        worst = max(worst, (peak - close) / peak)
    assert Decimal("0.19") < worst < Decimal("0.20")


def test_a_tape_written_and_read_is_the_same_tape(groups, tmp_path):
    path = tmp_path / "tape.csv.gz"
    shipped.write(path, groups[:100])
    assert shipped.read(path) == groups[:100]
    first = path.read_bytes()
    shipped.write(path, groups[:100])
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n", "first line"),
        (",".join(shipped.COLUMNS) + "\n1,btc-usd,x,1,1,1,1,1,1,1,1\n", "line 2: a cell"),
        (",".join(shipped.COLUMNS) + "\n1,btc-usd\n", "line 2: 2 columns"),
    ],
)
def test_a_file_that_is_no_tape_is_named_with_its_line(tmp_path, text, why):
    path = tmp_path / "tape.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(BadTape, match=why):
        shipped.read(path)


def test_quotes_come_before_bars_and_news_after_the_prices_of_its_minute(groups):
    some = window(groups, Wanted(minutes=40))
    told = list(signals(some, headlines()))
    kinds = [type(signal.body).__name__ for _, _, made in told for signal in made]
    assert kinds[:2] == ["Quote", "Bar"]
    assert kinds.count("News") == 2
    assert kinds.count("Timer") == 6
    assert [at for at, _, _ in told] == sorted(at for at, _, _ in told)


def test_a_timer_rings_on_the_quarter_hour(groups):
    told = signals(window(groups, Wanted(minutes=31)), [])
    timers = [signal for _, _, made in told for signal in made if isinstance(signal.body, Timer)]
    assert {signal.event_time % (15 * 60_000_000) for signal in timers} == {0}


def test_the_plan_of_a_window_is_the_same_every_time():
    def once():
        return plan(Wanted(), LEDGER, IDS, lambda who: Signer(who.encode().ljust(32, b".")[:32]))

    first = once()
    assert first == once()
    assert [item.at for item in first] == sorted(item.at for item in first)
    assert len({send.fault for item in first for send in item.sends if send.fault}) == 13 + 9


def test_every_fault_is_one(groups):
    some = window(groups, Wanted())
    made = faults(some, IDS, LEDGER)
    assert len(made) == 13
    unreadable = {"garbage", "truncated", "unknown schema id", "no number", "null value", "wrong type"}
    for item in made:
        (send,) = item.sends
        if send.fault in unreadable:
            with pytest.raises(Refused):
                IDS.unpack(MarketSignal, send.value)
        else:
            assert IDS.unpack(MarketSignal, send.value)


def test_orders_are_signed_by_whom_they_say():
    signers: list[str] = []

    def signer_of(who: str) -> Signer:
        signers.append(who)
        return Signer(who.encode().ljust(32, b".")[:32])

    made = instructions(LEDGER, IDS, signer_of)
    assert len(made) == len(orders()) == len(signers)
    assert "principal-paper-2" in signers


def test_a_feed_without_made_up_parts_has_prices_and_timers_only(groups):
    made = plan(replace(Wanted(), made_up=False), LEDGER, IDS, lambda who: Signer(bytes(32)))
    assert all(not send.fault for item in made for send in item.sends)
