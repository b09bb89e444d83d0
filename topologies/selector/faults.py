"""What may not pass, with its reason and its original bytes, written where operators look."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.codec import encode
from schemas.models import Header, Quarantined
from schemas.reasons import QuarantineReason
from schemas.wire import PREFIX, Refused, SchemaIds
from topologies.selector.bounds import DETAIL_CHARS
from transport.log import Produce, Record
from transport.names import QUARANTINE

WORKER = "selector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record goes to quarantine; ``detail`` is for operators and decides nothing."""

    reason: QuarantineReason
    detail: str


def unreadable(error: Refused) -> Fault:
    """The fault of a value that the codec refused."""
    return Fault(reason=error.reason, detail=error.detail)


def quarantined(record: Record, fault: Fault, *, ids: SchemaIds, shard: int, now: int) -> Produce:
    """The record of ``fault`` on topic ``quarantine``; ``now`` in micros UTC."""
    message = Quarantined(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        worker=f"{WORKER}-{shard}",
        reason=fault.reason.name,
        detail=fault.detail[:DETAIL_CHARS],
        key=record.key,
        value=record.value,
        headers=tuple(Header(name=name, value=value) for name, value in record.headers),
        at=now,
    )
    source = f"{record.topic}:{record.partition}".encode()
    return Produce(topic=QUARANTINE, partition=shard, key=source, value=_framed(message, ids))


def _framed(message: Quarantined, ids: SchemaIds) -> bytes:
    """Before its schema is released a quarantine record carries id 0: garbage must not be able to stop us."""
    try:
        return ids.pack(message)
    except KeyError:
        return PREFIX.pack(0, 0) + encode(message)
