"""A small market in which the stream agent has something to say: rising bars, then marked ticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from interlock.context import Context
from interlock.genesis import Message, send
from interlock.releasing import release, signed
from rules.contract import Budget
from rules.contract_json import canonical, parse
from schemas.models import Bar, DocumentKind, MarketSignal, Quote
from schemas.wire import SchemaIds

INSTRUMENT = "eth-usd"
MINUTE_US = 60_000_000
BARS = 30
PRICE, STEP = Decimal(300), Decimal(1)  # a rise of about a third of a percent a minute: momentum
SIGNALS = "market.signals"


def bars(now: int, count: int = BARS) -> Iterator[MarketSignal]:
    """Minute bars that rise and end a minute ago; ``now`` in micros UTC."""
    for number in range(count):
        close = PRICE + STEP * number
        at = now - MINUTE_US * (count - number)
        yield bar(f"bar-{at}", at, close)


def bar(name: str, at: int, close: Decimal) -> MarketSignal:
    """One closed minute."""
    body = Bar(open=close - STEP, high=close + STEP, low=close - STEP * 2, close=close, volume=Decimal(10),
               period_ms=60_000)  # fmt: skip
    return MarketSignal(source="bench", signal_id=name, instrument=INSTRUMENT, venue="bench", event_time=at,
                        body=body)  # fmt: skip


def tick(name: str, at: int, *, marked: bool = True) -> MarketSignal:
    """A quote at the last bar's close; marked as momentum it asks for the fast road."""
    last, size = PRICE + STEP * (BARS - 1), Decimal(5)
    body = Quote(bid=last - Decimal("0.02"), ask=last + Decimal("0.02"), bid_size=size, ask_size=size)
    return MarketSignal(source="bench", signal_id=name, instrument=INSTRUMENT, venue="bench", event_time=at,
                        body=body, flags=("momentum",) if marked else ())  # fmt: skip


def packed(ids: SchemaIds, signal: MarketSignal) -> Message:
    """A signal as its topic holds it."""
    return Message(topic=SIGNALS, partition=0, key=INSTRUMENT.encode(), value=ids.pack(signal))


def warm_up(there: Context, now: int) -> None:
    """Send the bars and one quote, so that every feature is known; nothing of it is marked."""
    ids = there.schema_ids()
    signals = [*bars(now), tick(f"first-{now}", now, marked=False)]
    send(there.running, "feeder", there.name, [packed(ids, each) for each in signals])


def widen(there: Context, agent_id: str, version: str, *, proposals_per_window: int, window_s: int) -> int:
    """Release a version of an agent's contract with another budget; the sequence it is in force from."""
    body = there.registry().body(DocumentKind.CONTRACT, agent_id)
    assert body is not None, f"{agent_id} has no contract"
    old = parse(body)
    budget: Budget = replace(old.budget, proposals_per_window=proposals_per_window, window_s=window_s)
    new = replace(old, version=version, budget=budget)
    return release(there, *signed(there, DocumentKind.CONTRACT, agent_id, version, canonical(new)))
