"""The prices the kernel has read lately. No state: what a gate takes from here rides in its DECISION."""

from __future__ import annotations

import heapq

from kernel.folds.batches import QUOTES_US, SKEW_US
from kernel.gates.drift import sane
from kernel.state.whole import State
from schemas.models import Mark, MarketSignal, Quote, QuoteSeen
from schemas.wire import Refused, SchemaIds
from transport.log import Record

QUOTES_MAX = 200_000  # ten minutes of 300 quotes a second; beyond it the oldest are as if too old
INSTRUMENTS_MAX = 10_000
SECOND_US = 1_000_000


class Quotes:
    """Quotes by offset and the last one by instrument, of the last ten minutes of event time."""

    def __init__(self) -> None:
        self._by_offset: dict[tuple[int, int], tuple[str, QuoteSeen]] = {}
        self._last: dict[str, QuoteSeen] = {}
        self._sane_at: dict[str, int] = {}  # event time of the newest sane one
        self._ages: list[tuple[int, int, int]] = []

    def read(self, record: Record, ids: SchemaIds, now: int) -> tuple[str, QuoteSeen] | None:
        """Take a record of `market.signals` in; its instrument and quote, when it is one we can use and news.

        What cannot be read, or lies in the future, is the selector's to quarantine. One delivered twice, or
        overtaken, is none: somebody may have begun to hold the instrument since, and it would fold then.
        """
        try:
            signal = ids.unpack(MarketSignal, record.value)
        except Refused:
            return None
        body = signal.body
        if not isinstance(body, Quote) or signal.event_time > now + SKEW_US:
            return None
        seen = QuoteSeen(
            bid=body.bid,
            ask=body.ask,
            event_time=signal.event_time,
            partition=record.partition,
            offset=record.offset,
        )
        known = self._sane_at.get(signal.instrument)
        is_news = known is None or known <= now - QUOTES_US or seen.event_time > known
        self._keep(signal.instrument, seen)
        return (signal.instrument, seen) if is_news else None

    def last(self, instrument: str | None, now: int) -> QuoteSeen | None:
        """The latest quote of an instrument by event time, an insane one too; None when there is none."""
        found = None if instrument is None else self._last.get(instrument)
        return found if found is not None and found.event_time > now - QUOTES_US else None

    def at(self, instrument: str | None, partition: int, offset: int, now: int) -> QuoteSeen | None:
        """The quote of the instrument at an offset of `market.signals`, or None."""
        name, found = self._by_offset.get((partition, offset), (None, None))
        recent = found is not None and found.event_time > now - QUOTES_US
        return found if recent and name == instrument else None

    def forget(self, now: int) -> None:
        """Let go of quotes older than may be asked for."""
        while self._ages and (self._ages[0][0] <= now - QUOTES_US or len(self._ages) > QUOTES_MAX):
            _, partition, offset = heapq.heappop(self._ages)
            del self._by_offset[(partition, offset)]

    def _keep(self, instrument: str, seen: QuoteSeen) -> None:
        place = (seen.partition, seen.offset)
        if place not in self._by_offset:
            heapq.heappush(self._ages, (seen.event_time, *place))
        self._by_offset[place] = (instrument, seen)
        known = self._last.get(instrument)
        if known is None and len(self._last) >= INSTRUMENTS_MAX:
            return  # quotes are unsigned: names nobody trades must not fill the memory
        if sane(seen):
            self._sane_at[instrument] = max(seen.event_time, self._sane_at.get(instrument, seen.event_time))
        if known is None or (seen.event_time, seen.offset) >= (known.event_time, known.offset):
            self._last[instrument] = seen


def folding_mark(state: State, folded: dict[str, Mark], instrument: str, seen: QuoteSeen) -> Mark | None:
    """The mark a quote becomes, if it folds: sane, of an instrument somebody holds or has reserved, and of a
    later second than the last folded one. folded: the marks already folding in this batch.
    """
    if instrument not in state.holders or not sane(seen):
        return None
    last = folded.get(instrument) or state.core.marks.get(instrument)
    if last is not None and seen.event_time // SECOND_US <= last.event_time // SECOND_US:
        return None
    return Mark(
        instrument=instrument,
        bid=seen.bid,
        ask=seen.ask,
        event_time=seen.event_time,
        partition=seen.partition,
        offset=seen.offset,
    )
