"""Which signals may pass: everything a producer can get wrong has a name here."""

from __future__ import annotations

from schemas.models import MarketSignal, News
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.selector.bounds import HEADLINE_BYTES, SKEW_US
from topologies.selector.directory import Directory
from topologies.selector.faults import Fault, unreadable
from topologies.selector.ids import bad_id
from topologies.selector.prices import absurdity
from topologies.selector.seen import Seen, seen_key
from transport.log import Record

WORDS_MAX = 16  # flags or symbols one signal may carry


def read_signal(record: Record, directory: Directory) -> MarketSignal | Fault:
    """The signal in a record of ``market.signals``, or why it cannot be read."""
    try:
        return directory.registry.schema_ids.unpack(MarketSignal, record.value)
    except Refused as error:
        return unreadable(error)


def signal_fault(signal: MarketSignal, directory: Directory, seen: Seen, now: int) -> Fault | None:
    """Why a readable signal may not pass, in the order of the reasons' table; ``now`` in micros UTC."""
    malformed = _malformed(signal)
    if malformed is not None:
        return Fault(reason=QuarantineReason.MALFORMED, detail=malformed)
    late = time_fault(signal.event_time, seen, now)
    if late is not None:
        return late
    first = seen.sighting(seen_key(signal.source, signal.signal_id))
    if first is not None:
        detail = f"{signal.source} {signal.signal_id} was seen at offset {first.offset}"
        return Fault(reason=QuarantineReason.SIGNAL_DUPLICATE, detail=detail)
    wrong = absurdity(signal.body)
    if wrong is not None:
        return Fault(reason=QuarantineReason.BAD_PRICE, detail=wrong)
    if signal.instrument not in directory.instruments:
        return Fault(reason=QuarantineReason.UNKNOWN_INSTRUMENT, detail=signal.instrument)
    return None


def time_fault(event_time: int, seen: Seen, now: int) -> Fault | None:
    """FUTURE_EVENT or STALE_SIGNAL, which instructions share."""
    if event_time > now + SKEW_US:
        detail = f"event_time {event_time} is {event_time - now} us ahead"
        return Fault(reason=QuarantineReason.FUTURE_EVENT, detail=detail)
    horizon = seen.horizon(now)
    if event_time <= horizon:
        detail = f"event_time {event_time} is at or before the horizon {horizon}"
        return Fault(reason=QuarantineReason.STALE_SIGNAL, detail=detail)
    return None


def _malformed(signal: MarketSignal) -> str | None:
    wrong = bad_id(
        source=signal.source, signal_id=signal.signal_id, instrument=signal.instrument, venue=signal.venue
    )
    words = (*signal.flags, *(signal.body.symbols if isinstance(signal.body, News) else ()))
    if wrong is None and len(words) > WORDS_MAX:
        wrong = f"{len(words)} flags and symbols, at most {WORDS_MAX}"
    for word in words:
        wrong = wrong or bad_id(word=word)
    if wrong is None and signal.notional_usd is not None and signal.notional_usd < 0:
        wrong = f"notional_usd={signal.notional_usd}"
    if wrong is None and isinstance(signal.body, News):
        wrong = _headline(signal.body.headline)
    return wrong


def _headline(text: str) -> str | None:
    size = len(text.encode("utf-8"))
    if not 0 < size <= HEADLINE_BYTES:
        return f"a headline of {size} bytes, 1 to {HEADLINE_BYTES} allowed"
    return None if text.isprintable() else "a headline with control characters"
