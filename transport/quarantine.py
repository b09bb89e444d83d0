"""What could not be read or may not pass: its original bytes and why, written where operators look.

Refusing is explicit: whoever reads a topic calls this for what it cannot use, and nothing is dropped in
silence.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from schemas.codec import encode
from schemas.models import Header, Quarantined
from schemas.reasons import QuarantineReason
from schemas.wire import PREFIX, SchemaIds
from transport.log import Produce, Record
from transport.names import QUARANTINE

DETAIL_CHARS = 300  # an explanation for people; the bytes say the rest
# Inputs hold at most 256 KiB a value; whatever a broker lets through beyond must not make quarantine itself
# refuse the record, for that would stop the loop that refuses it.
VALUE_BYTES_MAX = 512 * 1024
BESIDE_BYTES_MAX = 64 * 1024  # of a key, and of all headers together


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
    """The record for topic `quarantine`; `now` in micros UTC. What is too large to be kept whole is cut."""
    if (cut := _cut(record)) is not record:
        length, digest = len(record.value or b""), sha256(record.value or b"").hexdigest()
        detail = f"only a part is kept of {length} bytes, SHA-256 {digest}; {reason.name}: {detail}"
        record, reason = cut, QuarantineReason.TOO_LARGE
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


def _cut(record: Record) -> Record:
    """The record itself, or what of it fits."""
    beside = sum(len(name.encode("utf-8", "replace")) + len(value) for name, value in record.headers)
    fits = len(record.value or b"") <= VALUE_BYTES_MAX and len(record.key or b"") <= BESIDE_BYTES_MAX
    if fits and beside <= BESIDE_BYTES_MAX:
        return record
    return replace(
        record,
        key=None if record.key is None else record.key[:BESIDE_BYTES_MAX],
        value=None if record.value is None else record.value[:VALUE_BYTES_MAX],
        headers=record.headers if beside <= BESIDE_BYTES_MAX else (),
    )


def _framed(message: Quarantined, ids: SchemaIds) -> bytes:
    """Before its schema is released a quarantine record carries id 0: garbage must not be able to stop us."""
    try:
        return ids.pack(message)
    except KeyError:
        return PREFIX.pack(0, 0) + encode(message)
