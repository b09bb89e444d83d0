"""Words are read in one spelling or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from schemas import avsc, releases
from schemas.codec import Unreadable, by_schema_hash, decode, encode
from schemas.compat import problems
from schemas.models import (
    Bar,
    Envelope,
    InstrumentQuote,
    MarketSignal,
    News,
    Quote,
    QuoteSeen,
    Timer,
    Trade,
)
from schemas.money import NotExact, from_bytes, plain, to_bytes, unscaled
from schemas.plain import NotPlain, from_plain, to_plain
from schemas.reasons import QuarantineReason, Reason
from schemas.subjects import Level, subjects
from schemas.topics import BY_NAME, TOPICS, partitions
from schemas.wire import Refused, SchemaIds, unframed

ONE = Decimal(1)
QUOTE = Quote(bid=Decimal("4200.5"), ask=Decimal(4201), bid_size=ONE, ask_size=ONE)
SIGNAL = MarketSignal(
    source="test",
    signal_id="1",
    instrument="btc-usd",
    venue="test",
    event_time=1_700_000_000_000_000,
    body=QUOTE,
)
IDS = SchemaIds(ids={7: avsc.digest("interlock.MarketSignal"), 8: avsc.digest("interlock.Envelope")})
BODIES = [
    QUOTE,
    Trade(price=ONE, size=ONE),
    Bar(open=ONE, high=ONE, low=ONE, close=ONE, volume=ONE, period_ms=60_000),
    News(headline="a headline", symbols=("btc-usd", "eth-usd")),
    Timer(schedule="daily"),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_kind_of_signal_comes_back_as_it_went(body):
    signal = replace(SIGNAL, body=body, flags=("compliance",), notional_usd=Decimal("0.000000000000000001"))
    assert decode(MarketSignal, encode(signal)) == signal
    assert from_plain(MarketSignal, to_plain(signal)) == signal


def test_truncated_and_lengthened_bytes_are_unreadable():
    data = encode(SIGNAL)
    for wrong in (data[:-1], data + b"\x00", b"", data[1:]):
        with pytest.raises(Unreadable):
            decode(MarketSignal, wrong)


def test_a_decimal_in_a_longer_spelling_is_unreadable():
    data = encode(SIGNAL)
    short = to_bytes(Decimal("4200.5"))
    longer = data.replace(bytes([2 * len(short)]) + short, bytes([2 * len(short) + 2]) + b"\x00" + short)
    assert longer != data
    with pytest.raises(Unreadable, match="re-encode"):
        decode(MarketSignal, longer)


def test_what_could_not_be_written_is_not_read_either_in_a_record_that_may_be_missing_too():
    seen = QuoteSeen(bid=ONE, ask=ONE, event_time=0, partition=0, offset=0)
    data = encode(InstrumentQuote(instrument="x", quote=seen))
    assert data.endswith(b"\x00\x00\x00")  # time, partition, offset
    with pytest.raises(Unreadable, match="2147483648"):
        decode(InstrumentQuote, data[:-2] + bytes.fromhex("8080808010") + data[-1:])


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e20", "1e-19"])
def test_what_does_not_fit_eighteen_places_is_refused_never_rounded(text):
    with pytest.raises(NotExact):
        unscaled(Decimal(text))


@pytest.mark.parametrize(
    "text", ["0", "0.05", "-1", "99999999999999999999.999999999999999999", "-0.000000000000000001"]
)
def test_amounts_come_back_exactly(text):
    assert plain(from_bytes(to_bytes(Decimal(text)))) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, QuarantineReason.NULL_VALUE),
        (b"", QuarantineReason.NOT_FRAMED),
        (b"garbage that is long enough", QuarantineReason.NOT_FRAMED),
        (b"\x00\x00\x00\x00\x63" + encode(SIGNAL), QuarantineReason.UNKNOWN_SCHEMA),
        (b"\x00\x00\x00\x00\x08" + encode(SIGNAL), QuarantineReason.WRONG_TYPE),
        (b"\x00\x00\x00\x00\x07" + encode(SIGNAL)[:-1], QuarantineReason.UNREADABLE),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(value, reason):
    with pytest.raises(Refused) as caught:
        IDS.unpack(MarketSignal, value)
    assert caught.value.reason is reason


def test_a_framed_message_is_read_by_its_id():
    assert IDS.unpack(MarketSignal, IDS.pack(SIGNAL)) == SIGNAL
    assert unframed(MarketSignal, IDS.pack(SIGNAL)) == SIGNAL


def test_packing_an_unreleased_shape_says_what_to_do():
    with pytest.raises(KeyError, match="schema push"):
        SchemaIds(ids={}).pack(SIGNAL)


def test_schemas_of_different_messages_have_different_hashes():
    assert len(by_schema_hash()) == len(set(by_schema_hash().values()))


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"source": 1}, "MarketSignal.source"),
        ({"colour": "red"}, "MarketSignal.colour"),
        ({"body": {"Quote": {"bid": "x"}}}, "MarketSignal.body.Quote.bid"),
        ({"body": {"Weather": {}}}, "MarketSignal.body"),
        ({"urgency": "SOON"}, "MarketSignal.urgency"),
    ],
)
def test_json_that_is_no_message_names_the_field(value, where):
    whole = {**to_plain(SIGNAL), **value}
    with pytest.raises(NotPlain) as caught:
        from_plain(MarketSignal, whole)
    assert caught.value.where == where


def test_floats_are_no_amounts():
    whole = to_plain(SIGNAL)
    whole["body"]["Quote"]["bid"] = 4200.5
    with pytest.raises(NotPlain, match="no exact decimal"):
        from_plain(MarketSignal, whole)


def changed(**field):
    schema = avsc.full("interlock.Quote")
    return {**schema, "fields": [*schema["fields"], field]}


def test_a_new_field_needs_a_default_and_the_refusal_names_it():
    old = avsc.full("interlock.Quote")
    assert [str(each) for each in problems(changed(name="colour", type="string"), old)] == [
        "Quote.colour: is new and has no default, so older records cannot be read"
    ]
    assert problems(changed(name="colour", type="string", default=""), old) == []


def test_a_removed_field_without_default_breaks_older_readers_only():
    old = avsc.full("interlock.Quote")
    new = {**old, "fields": old["fields"][:-1]}
    assert releases.judge(Level.BACKWARD, new, [old]) == []
    assert [each.path for each in releases.judge(Level.FULL_TRANSITIVE, new, [old])] == ["Quote.ask_size"]


def test_another_scale_is_another_meaning():
    old = avsc.full("interlock.Quote")
    field = {**old["fields"][0], "type": {**old["fields"][0]["type"], "scale": 8}}
    new = {**old, "fields": [field, *old["fields"][1:]]}
    assert [each.path for each in problems(new, old)] == ["Quote.bid"]


def test_a_lost_symbol_is_named():
    old = avsc.full("interlock.Action")
    new = {**old, "symbols": old["symbols"][1:]}
    assert "BUY" in str(problems(new, old)[0])


def test_todays_schemas_follow_every_release():
    assert releases.released(), "at least one release stands in schemas/released"
    assert releases.check() == []


def test_the_topic_table_names_messages_that_exist_and_subjects_cover_them():
    named = {subject.message for subject in subjects()}
    for topic in TOPICS:
        if topic.value != "bytes":
            assert f"interlock.{topic.value}" in avsc.written()
            assert topic.value in named
        assert partitions(topic, 3) == (3 if topic.sharded else 1)
    assert BY_NAME["kernel.ledger"].writers == ("kernel",)


def test_reasons_are_in_the_order_of_the_law_and_each_has_one_gate():
    numbers = [reason.value for reason in Reason]
    assert numbers == sorted(numbers)
    assert {reason.gate for reason in Reason} == set(range(13))
    assert {reason for reason in Reason if reason.curable} == {r for r in Reason if r.gate == 11}


def test_envelopes_have_one_spelling():
    envelope = Envelope(payload_type="t", payload=b"p", signatures=())
    assert decode(Envelope, encode(envelope)) == envelope
