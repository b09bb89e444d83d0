"""What a feed publishes, in order: pure, from a tape, headlines, instructions and faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from interlock.tape.group import Group
from schemas.models import Bar, MarketSignal, News, Quote, Timer

SOURCE = "tape"
VENUE = "coinbase"
TIMER_US = 15 * 60_000_000
PERIOD_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One record as it goes out; ``value`` None is a null value. ``fault`` names what is wrong with it."""

    topic: str
    key: bytes
    value: bytes | None
    account: str = ""  # of keyed topics: the partition is its shard
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One group of a lock-step feed: all its records, then rest. ``at`` in micros UTC."""

    at: int
    label: str
    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A made-up headline."""

    at: int
    symbol: str
    text: str


def quote(group: Group) -> MarketSignal | None:
    """The QUOTE of a group."""
    row = group.quote
    if row is None:
        return None
    body = Quote(bid=row.bid, ask=row.ask, bid_size=row.bid_size, ask_size=row.ask_size)
    return _signal(group.instrument, group.at, "quote", body)


def bar(group: Group) -> MarketSignal | None:
    """The BAR of a group."""
    row = group.bar
    if row is None:
        return None
    body = Bar(
        open=row.open, high=row.high, low=row.low, close=row.close, volume=row.volume, period_ms=PERIOD_MS
    )
    return _signal(group.instrument, group.at, "bar", body)


def timer(instrument: str, at: int) -> MarketSignal:
    """The TIMER of an instrument, every fifteen minutes of tape."""
    return _signal(instrument, at, "timer", Timer(schedule="rebalance-15m"), notional=Decimal(10_000))


def news(headline: Headline) -> MarketSignal:
    """A headline as NEWS."""
    body = News(headline=headline.text, symbols=(headline.symbol,))
    return _signal(headline.symbol, headline.at, "news", body)


def signals(
    groups: Sequence[Group], headlines: Iterable[Headline]
) -> Iterator[tuple[int, str, list[MarketSignal]]]:
    """(at, label, signals) of every group in order: quotes before bars; timers and news after the prices."""
    waiting = sorted(headlines, key=lambda headline: headline.at)
    for number, group in enumerate(groups):
        made = [each for each in (quote(group), bar(group)) if each is not None]
        yield group.at, f"{group.instrument} prices", made
        if group.at % TIMER_US == 0:
            yield group.at, f"{group.instrument} timer", [timer(group.instrument, group.at)]
        last_of_tick = number + 1 == len(groups) or groups[number + 1].at > group.at
        while last_of_tick and waiting and waiting[0].at <= group.at:
            headline = waiting.pop(0)
            yield group.at, f"{headline.symbol} headline", [news(headline)]


def _signal(
    instrument: str, at: int, kind: str, body: Quote | Bar | News | Timer, notional: Decimal | None = None
) -> MarketSignal:
    return MarketSignal(
        source=SOURCE,
        signal_id=f"{instrument}-{kind}-{at}",
        instrument=instrument,
        venue=VENUE,
        event_time=at,
        body=body,
        notional_usd=notional,
    )
