"""Every way in which a signal or an instruction can be wrong has its name, and nothing else happens."""

from dataclasses import replace
from decimal import Decimal

import pytest

from schemas.models import InstructionRecord, News, Timer, Trade
from schemas.reasons import QuarantineReason
from tests.selector_world import (
    NEWS,
    NOON,
    OPERATOR,
    TIMER,
    World,
    bar,
    framed,
    order,
    quote,
    read,
    reasons,
    signal,
    signer,
    view,
)

SECOND = 1_000_000
HOUR = 3_600 * SECOND
GOOD = framed(signal(TIMER, "good"))
BAR = bar()
WRONG_BAR = replace(BAR, high=Decimal(1))

SIGNALS = [
    ("NULL_VALUE", None),
    ("NOT_FRAMED", b"hello"),
    ("NOT_FRAMED", b"\x01" + GOOD[1:]),
    ("UNKNOWN_SCHEMA", b"\x00\x00\x00\x03\xe7" + GOOD[5:]),
    ("UNREADABLE", GOOD[:-1]),
    ("UNREADABLE", GOOD + b"\x00"),
    ("WRONG_TYPE", view("paper-1")),
    ("MALFORMED", framed(signal(TIMER, "UPPER CASE"))),
    ("MALFORMED", framed(signal(TIMER, "t", flags=("x",) * 17))),
    ("MALFORMED", framed(signal(TIMER, "t", notional_usd=Decimal(-1)))),
    ("MALFORMED", framed(signal(News(headline="", symbols=()), "n"))),
    ("MALFORMED", framed(signal(News(headline="x" * 1025, symbols=()), "n"))),
    ("MALFORMED", framed(signal(News(headline="a\x00b", symbols=()), "n"))),
    ("FUTURE_EVENT", framed(signal(TIMER, "t", at=NOON + 5 * SECOND + 1))),
    ("STALE_SIGNAL", framed(signal(TIMER, "t", at=NOON - HOUR))),
    ("SIGNAL_DUPLICATE", framed(signal(TIMER, "seen"))),
    ("BAD_PRICE", framed(signal(quote("0", "1"), "q"))),
    ("BAD_PRICE", framed(signal(quote("-1", "1"), "q"))),
    ("BAD_PRICE", framed(signal(quote("2", "1"), "q"))),
    ("BAD_PRICE", framed(signal(quote("1", "2", "-1"), "q"))),
    ("BAD_PRICE", framed(signal(Trade(price=Decimal(0), size=Decimal(1)), "q"))),
    ("BAD_PRICE", framed(signal(Trade(price=Decimal(1), size=Decimal(-1)), "q"))),
    ("BAD_PRICE", framed(signal(bar("0"), "b"))),
    ("BAD_PRICE", framed(signal(WRONG_BAR, "b"))),
    ("BAD_PRICE", framed(signal(replace(BAR, low=Decimal(999), high=Decimal(999)), "b"))),
    ("BAD_PRICE", framed(signal(replace(BAR, volume=Decimal(-1)), "b"))),
    ("UNKNOWN_INSTRUMENT", framed(signal(TIMER, "t", instrument="doge-usd"))),
]

INSTRUCTIONS = [
    ("NULL_VALUE", None),
    ("NOT_FRAMED", b"BUY everything"),
    ("WRONG_TYPE", GOOD),
    ("UNREADABLE", order("o")[:-3]),
    ("WRONG_LEDGER", order("o", ledger=bytes(16))),
    ("KEY_NOT_VALID", order("o", key=signer("stranger"))),
    ("KEY_NOT_VALID", order("o", key=OPERATOR)),
    ("KEY_NOT_VALID", order("o", account="paper-3")),
    ("UNKNOWN_INSTRUMENT", order("o", instrument="doge-usd")),
    ("MALFORMED", order("o o")),
    ("MALFORMED", order("o", notional_usd=Decimal(-1))),
    ("BAD_COMMITMENT", order("o", salt=bytes(31) + b"\x01")),
    ("BAD_COMMITMENT", order("o", text_commitment=bytes(32))),
    ("FUTURE_EVENT", order("o", event_time=NOON + 5 * SECOND + 1)),
    ("STALE_SIGNAL", order("o", event_time=NOON - HOUR)),
    ("SIGNAL_DUPLICATE", order("seen")),
]


@pytest.fixture
def world():
    made = World()
    made.signal(TIMER, "seen")
    made.order("seen")
    return made


@pytest.mark.parametrize(("reason", "value"), SIGNALS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_wrong_signal_is_quarantined_by_name(world, reason, value):
    assert_refused(world, "market.signals", value, b"eth-usd", reason)


@pytest.mark.parametrize(
    ("reason", "value"), INSTRUCTIONS, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_wrong_instruction_is_quarantined_by_name(world, reason, value):
    assert_refused(world, "instructions", value, b"paper-1", reason)


def assert_refused(world, topic, value, key, reason):
    before = world.selector.state.seen.state(), world.selector.state.market.state()
    produced = world.give(topic, value, key)
    assert reasons(produced) == [reason]
    assert len(produced) == 1
    quarantined = read(quarantine_class(), produced[0])
    assert (quarantined.value, quarantined.key, quarantined.topic) == (value, key, topic)
    assert before == (world.selector.state.seen.state(), world.selector.state.market.state())
    assert world.selector.state.notebook.counters[f"quarantined:{reason}"] == 1


def quarantine_class():
    from schemas.models import Quarantined

    return Quarantined


def test_a_signature_that_does_not_verify_is_bad_signature(world):
    made = read_order(order("o"))
    forged = replace(made.envelope.signatures[0], sig=bytes(64))
    record = replace(made, envelope=replace(made.envelope, signatures=(forged,)))
    assert reasons(world.give("instructions", framed(record), b"paper-1")) == ["BAD_SIGNATURE"]


def read_order(value):
    from tests.selector_world import registry_ids

    return registry_ids().unpack(InstructionRecord, value)


def test_an_instruction_under_another_accounts_key_is_wrong_key(world):
    assert reasons(world.order("o", record_key=b"paper-2")) == ["WRONG_KEY"]


def test_an_instruction_for_an_account_not_opened_is_unknown_account():
    world = World(ready=False)
    world.step(*world.registry)
    assert reasons(world.order("o")) == ["UNKNOWN_ACCOUNT"]


def test_a_timer_that_no_row_names_is_unrouted_and_a_quote_is_not():
    world = World(ready=False)
    world.step(*world.registry[:-1])  # the routing table is the last document
    assert reasons(world.signal(TIMER, "t1")) == ["UNROUTED"]
    assert reasons(world.signal(NEWS, "n1")) == ["UNROUTED"]
    assert world.signal(quote(), "q1") == []


@pytest.mark.parametrize("shard", [0, 1])
def test_of_several_shards_one_quarantines_a_market_signal_and_all_count_it(shard):
    world = World(shards=2, shard=shard)
    assert reasons(world.give("market.signals", b"hello")) == ["NOT_FRAMED"] * (shard == 0)
    assert world.selector.state.notebook.counters["quarantined:NOT_FRAMED"] == 1


def test_every_reason_the_selector_owns_is_reached_here():
    elsewhere = {
        QuarantineReason.TOO_LARGE,  # transport.quarantine, of what it has to cut
        QuarantineReason.SKIPPED,  # transport.skipping, before the selector sees the record
    }
    tested = {reason for reason, _ in (*SIGNALS, *INSTRUCTIONS)}
    tested |= {"BAD_SIGNATURE", "WRONG_KEY", "UNKNOWN_ACCOUNT", "UNROUTED"}
    assert {each.name for each in QuarantineReason if each not in elsewhere} == tested


def test_timers_and_bars_that_are_sound_pass(world):
    assert reasons(world.signal(Timer(schedule="x"), "t9")) == []
    sound = replace(
        BAR,
        open=Decimal(2),
        high=Decimal(3),
        low=Decimal(1),
        close=Decimal(2),
        volume=Decimal(0),
        period_ms=60_000,
    )
    assert reasons(world.signal(sound, "b9")) == []
