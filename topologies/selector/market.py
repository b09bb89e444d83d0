"""What the selector knows of each instrument: its features and its last quote, with that quote's place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import assert_never

from rules.features import (
    EMPTY,
    FeatureState,
    absorb_bar,
    absorb_quote,
    absorb_trade,
    from_json,
    instrument_view,
    to_json,
)
from schemas.canonical import jcs
from schemas.models import Bar, InstrumentView, MarketSignal, News, Quote, Timer, Trade
from transport.log import StateChange

PREFIX = "market/"


class Market:
    """Features by instrument; bounded by the instruments that are released."""

    def __init__(self) -> None:
        self._features: dict[str, FeatureState] = {}
        self._views: dict[str, InstrumentView] = {}  # computed once per change
        self._dirty: set[str] = set()

    def absorb(self, signal: MarketSignal, *, partition: int, offset: int) -> None:
        """Take the figures of a signal in; ``partition`` and ``offset`` are those of its record."""
        before = self._features.get(signal.instrument, EMPTY)
        match signal.body:
            case Quote() as quote:
                after = absorb_quote(before, quote, signal.event_time, partition=partition, offset=offset)
            case Trade() as trade:
                after = absorb_trade(before, trade.price, signal.event_time)
            case Bar() as bar:
                after = absorb_bar(before, bar, signal.event_time)
            case News() | Timer():
                return
            case _:
                assert_never(signal.body)
        if after is not before:
            self._features[signal.instrument] = after
            self._views.pop(signal.instrument, None)
            self._dirty.add(signal.instrument)

    def view(self, instrument: str) -> InstrumentView:
        """The instrument as it stands; absent figures are unknown."""
        found = self._views.get(instrument)
        if found is None:
            found = instrument_view(self._features.get(instrument, EMPTY), instrument)
            self._views[instrument] = found
        return found

    def mark(self, instrument: str) -> Decimal | None:
        """The middle of the last quote, or None before the first one."""
        return self.view(instrument).mid

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for instrument in sorted(self._dirty):
            value = jcs(to_json(self._features[instrument]))
            yield StateChange(key=f"{PREFIX}{instrument}".encode(), value=value)
        self._dirty = set()

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the records ``market/…``."""
        for name, value in records.items():
            self._features[name.removeprefix(PREFIX)] = from_json(json.loads(value))

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return sorted(self._features.items())
