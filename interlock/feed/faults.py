"""Bad input of every kind the demo sends among the good: each must be named, counted and passed by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from interlock.feed.plan import Item, Send, quote
from interlock.tape.group import Group, QuoteRow
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
    def signal(group: Group) -> MarketSignal:
        found = quote(group)
        assert found is not None
        return replace(found, signal_id=f"fault-{found.signal_id}")

    def priced(**changed: Decimal) -> Make:
        def make(group: Group) -> bytes:
            assert group.quote is not None
            row = QuoteRow(
                bid=changed.get("bid", group.quote.bid), ask=changed.get("ask", group.quote.ask),
                bid_size=group.quote.bid_size, ask_size=group.quote.ask_size,
            )  # fmt: skip
            made = quote(replace(group, quote=row))
            assert made is not None
            return ids.pack(replace(made, signal_id=f"fault-{made.signal_id}"))

        return make

    def crossed(group: Group) -> bytes | None:
        assert group.quote is not None
        return priced(bid=group.quote.ask + 1, ask=group.quote.bid)(group)

    def duplicate(group: Group) -> bytes:
        found = quote(group)
        assert found is not None
        return ids.pack(found)

    def no_number(group: Group) -> bytes | None:
        # decimal(38,18) has no NaN; the nearest is an amount beyond its digits
        plain = priced(bid=Decimal(7))(group) or b""
        seven = to_bytes(Decimal(7))
        return plain.replace(bytes([2 * len(seven)]) + seven, b"\x22" + b"\x7f" * 17, 1)

    def huge(group: Group) -> bytes:
        body = News(headline="x" * HEADLINE_BYTES, symbols=(group.instrument,))
        return ids.pack(replace(signal(group), body=body))

    on = "market.signals"
    yield "garbage", lambda group: b"\xde\xad\xbe\xef not avro", on
    yield "truncated", lambda group: ids.pack(signal(group))[:-3], on
    yield "unknown schema id", lambda group: PREFIX.pack(0, UNKNOWN_ID) + ids.pack(signal(group))[5:], on
    yield "no number", no_number, on
    yield "negative price", priced(bid=Decimal(-1)), on
    yield "zero price", priced(bid=Decimal(0)), on
    yield "crossed", crossed, on
    yield "null value", lambda group: None, on
    yield "duplicate", duplicate, on
    yield (
        "future event",
        lambda group: ids.pack(replace(signal(group), event_time=group.at + 60 * MINUTE_US)),
        on,
    )
    yield "unknown instrument", lambda group: ids.pack(replace(signal(group), instrument="doge-usd")), on
    yield "wrong type", lambda group: ids.pack(ClockTick(ledger=ledger, now=group.at)), on
    yield "over the size limit", huge, on
