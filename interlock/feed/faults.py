"""Bad input of every kind the demo sends among the good: each must be named, counted and passed by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from interlock.feed.plan import Item, Send, quote
from interlock.tape.group import Group
from schemas.models import ClockTick, MarketSignal, News
from schemas.money import to_bytes
from schemas.wire import PREFIX, SchemaIds

MINUTE_US = 60_000_000
FIRST_US = 10 * MINUTE_US  # after the start of the feed; one kind every five minutes
STEP_US = 5 * MINUTE_US
UNKNOWN_ID = 4_000_000_000
Make = Callable[[Group], bytes | None]
HEADLINE_BYTES = 40_000  # over the topic's limit of 16 KiB


def faults(groups: list[Group], ids: SchemaIds, ledger: bytes) -> list[Item]:
    """Every kind once, five minutes of tape apart, beside the group of its minute."""
    by_time = {group.at: group for group in groups if group.quote is not None}
    made: list[Item] = []
    start = groups[0].at + FIRST_US
    for number, (name, value, topic) in enumerate(_kinds(ids, ledger)):
        group = by_time.get(start + number * STEP_US)
        if group is None:
            continue
        made_value = value(group)
        send = Send(topic=topic, key=group.instrument.encode(), value=made_value, fault=name)
        made.append(Item(at=group.at, label=f"fault: {name}", sends=(send,)))
    return made


def _kinds(ids: SchemaIds, ledger: bytes) -> Iterator[tuple[str, Make, str]]:
    on = "market.signals"
    yield "garbage", lambda group: b"\xde\xad\xbe\xef not avro", on
    yield "truncated", lambda group: ids.pack(_signal(group))[:-3], on
    yield "unknown schema id", lambda group: PREFIX.pack(0, UNKNOWN_ID) + ids.pack(_signal(group))[5:], on
    yield "no number", lambda group: _no_number(group, ids), on
    yield "negative price", lambda group: ids.pack(_priced(group, bid=Decimal(-1))), on
    yield "zero price", lambda group: ids.pack(_priced(group, bid=Decimal(0))), on
    yield "crossed", lambda group: ids.pack(_crossed(group)), on
    yield "null value", lambda group: None, on
    yield "duplicate", lambda group: ids.pack(_quoted(group)), on
    yield "future event", lambda group: ids.pack(_changed(group, event_time=group.at + 60 * MINUTE_US)), on
    yield "unknown instrument", lambda group: ids.pack(_changed(group, instrument="doge-usd")), on
    yield "wrong type", lambda group: ids.pack(ClockTick(ledger=ledger, now=group.at)), on
    yield "over the size limit", lambda group: ids.pack(_huge(group)), on


def _quoted(group: Group) -> MarketSignal:
    found = quote(group)
    assert found is not None, "faults stand beside groups that have a quote"
    return found


def _signal(group: Group) -> MarketSignal:
    return _changed(group)


def _changed(group: Group, **changes: Any) -> MarketSignal:
    found = _quoted(group)
    return replace(found, **{"signal_id": f"fault-{found.signal_id}", **changes})


def _priced(group: Group, **changes: Decimal) -> MarketSignal:
    assert group.quote is not None
    return _changed(replace(group, quote=replace(group.quote, **changes)))


def _crossed(group: Group) -> MarketSignal:
    assert group.quote is not None
    return _priced(group, bid=group.quote.ask + 1, ask=group.quote.bid)


def _no_number(group: Group, ids: SchemaIds) -> bytes:
    # decimal(38,18) has no NaN; the nearest is an amount beyond its digits
    plain, seven = ids.pack(_priced(group, bid=Decimal(7))), to_bytes(Decimal(7))
    return plain.replace(bytes([2 * len(seven)]) + seven, b"\x22" + b"\x7f" * 17, 1)


def _huge(group: Group) -> MarketSignal:
    return _changed(group, body=News(headline="x" * HEADLINE_BYTES, symbols=(group.instrument,)))
