"""What may not pass, with its reason and its original bytes, written where operators look."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.codec import encode
from schemas.models import Header, Quarantined
from schemas.reasons import QuarantineReason
from schemas.wire import PREFIX, SchemaIds
from topologies.selector.bounds import DETAIL_CHARS
from transport.log import Produce, Record
from transport.names import QUARANTINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record goes to quarantine; ``detail`` is for operators and decides nothing."""

    reason: QuarantineReason
    detail: str


def quarantined(record: Record, fault: Fault, *, ids: SchemaIds, worker: str, shard: int, now: int) -> Produce:
    """The record of ``fault`` on topic ``quarantine``; ``now`` in micros UTC."""
    message = Quarantined(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        worker=worker,
        reason=fault.reason.name,
        detail=fault.detail[:DETAIL_CHARS],
        key=record.key,
        value=record.value,
        headers=tuple(Header(name=name, value=value) for name, value in record.headers),
        at=now,
    )
    return Produce(
        topic=QUARANTINE,
        partition=shard,
        key=f"{record.topic}:{record.partition}".encode(),
        value=_framed(message, ids),
    )


def _framed(message: Quarantined, ids: SchemaIds) -> bytes:
    """Before its schema is released a quarantine record carries id 0: garbage must not be able to stop us."""
    try:
        return ids.pack(message)
    except KeyError:
        return PREFIX.pack(0, 0) + encode(message)
