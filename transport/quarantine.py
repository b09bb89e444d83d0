"""What could not be read or may not pass: its original bytes and why, written where operators look.

Refusing is explicit: whoever reads a topic calls this for what it cannot use, and nothing is dropped in
silence.
"""

from __future__ import annotations

from schemas.codec import encode
from schemas.models import Header, Quarantined
from schemas.reasons import QuarantineReason
from schemas.wire import PREFIX, SchemaIds
from transport.log import Produce, Record
from transport.names import QUARANTINE

DETAIL_CHARS = 300  # an explanation for people; the bytes say the rest


def quarantined(
    record: Record,
    reason: QuarantineReason,
    detail: str,
    *,
    ids: SchemaIds,
    worker: str,
    shard: int,
    now: int,
) -> Produce:
    """The record for topic `quarantine`; `now` in micros UTC."""
    message = Quarantined(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        worker=worker,
        reason=reason.name,
        detail=detail[:DETAIL_CHARS],
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
