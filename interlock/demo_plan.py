"""What a demo feeds: the tape's window, with headlines, orders and faults at their minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from interlock.feed.faults import faults
from interlock.feed.made_up import headlines, instructions
from interlock.feed.plan import Item, Send, signals
from interlock.tape.group import MINUTE_US, Group
from interlock.tape.lean import BadTape
from interlock.tape.shipped import SHIPPED, read
from ledger.signing import Signer
from schemas.models import MarketSignal
from schemas.wire import SchemaIds

HOUR_US = 3_600_000_000
FIRST_HOUR, LAST_HOUR = 6, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tape, and how much of it: ``minutes`` from ``first_minute`` of the window on, or all of it."""

    tape: Path = SHIPPED
    whole_day: bool = False
    first_minute: int = 0
    minutes: int | None = None
    made_up: bool = True  # headlines, orders and faults, which belong to the shipped day


def window(groups: Sequence[Group], wanted: Wanted) -> list[Group]:
    """The groups that are fed, at least one. Raises BadTape when there is none."""
    if not groups:
        raise BadTape(f"{wanted.tape}: no row in it")
    if wanted.whole_day or wanted.tape != SHIPPED:
        kept = list(groups)
        first = kept[0].at if kept else 0
    else:
        day = datetime.fromtimestamp(groups[0].at / 1_000_000, UTC).replace(hour=0, minute=0, second=0)
        first = int(day.timestamp()) * 1_000_000 + FIRST_HOUR * HOUR_US
        last = first + (LAST_HOUR - FIRST_HOUR) * HOUR_US
        kept = [group for group in groups if first <= group.at < last]
    first += wanted.first_minute * MINUTE_US
    kept = [group for group in kept if group.at >= first]
    if wanted.minutes is not None:
        kept = [group for group in kept if group.at < first + wanted.minutes * MINUTE_US]
    if not kept:
        raise BadTape(f"{wanted.tape}: nothing lies in the minutes asked for")
    return kept


def plan(wanted: Wanted, ledger: bytes, ids: SchemaIds, signer_of: Callable[[str], Signer]) -> list[Item]:
    """Every item in order of time; within a minute prices first, then orders, then faults."""
    groups = window(read(wanted.tape), wanted)
    end = groups[-1].at
    spoken = [each for each in headlines() if groups[0].at <= each.at <= end] if wanted.made_up else []
    items = [
        Item(at=at, label=label, sends=tuple(_send(signal, ids) for signal in made))
        for at, label, made in signals(groups, spoken)
    ]
    if wanted.made_up:
        extra = [*instructions(ledger, ids, signer_of), *faults(groups, ids, ledger)]
        items += [item for item in extra if groups[0].at <= item.at <= end]
    return sorted(items, key=lambda item: item.at)


def _send(signal: MarketSignal, ids: SchemaIds) -> Send:
    return Send(topic="market.signals", key=signal.instrument.encode(), value=ids.pack(signal))
