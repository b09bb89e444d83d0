"""One ledger entry is one leaf: the Kafka value, fixed-width first; nothing outside it proves."""

from dataclasses import dataclass

from ledger.avro_bytes import Malformed, read_bytes, read_long, take, write_long
from ledger.merkle import leaf_hash
from schemas.kind_table import EntryKind

ZEROS = bytes(32)
ENTRY_BYTES_MAX = 1024 * 1024
SEQ_MAX = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """An entry as it travels (entry.avsc); `kind` is a bare int, for a verifier may meet a later one.

    prev, schema: 32 bytes; ledger: 16 bytes; ts: micros since the epoch, UTC.
    """

    prev: bytes
    ledger: bytes
    partition: int
    seq: int
    ts: int
    kind: int
    schema: bytes
    body: bytes


def encode_entry(entry: Leaf) -> bytes:
    """Return the entry's value bytes. The caller's fields are asserted: only a bug can make them wrong."""
    assert len(entry.prev) == 32
    assert len(entry.ledger) == 16
    assert len(entry.schema) == 32
    numbers = (entry.partition, entry.seq, entry.ts, entry.kind)
    assert min(numbers) >= 0
    return b"".join(
        (
            entry.prev,
            entry.ledger,
            *map(write_long, numbers),
            entry.schema,
            write_long(len(entry.body)),
            entry.body,
        )
    )


def decode_entry(value: bytes) -> Leaf:
    """Read an entry in its one spelling. Raises Malformed on any other bytes."""
    if len(value) > ENTRY_BYTES_MAX:
        raise Malformed(f"an entry of {len(value)} bytes; {ENTRY_BYTES_MAX} is the most")
    prev, at = take(value, 0, 32)
    ledger, at = take(value, at, 16)
    partition, at = read_long(value, at)
    seq, at = read_long(value, at)
    ts, at = read_long(value, at)
    kind, at = read_long(value, at)
    schema, at = take(value, at, 32)
    body, at = read_bytes(value, at)
    if at != len(value):
        raise Malformed(f"{len(value) - at} bytes left over after an entry")
    if min(partition, seq, ts, kind) < 0 or max(partition, kind) >= 1 << 31 or seq > SEQ_MAX:
        raise Malformed("an entry's partition, sequence, time or kind is out of range")
    return Leaf(
        prev=prev, ledger=ledger, partition=partition, seq=seq, ts=ts, kind=kind, schema=schema, body=body
    )


def entry_hash(value: bytes) -> bytes:
    """Return the leaf hash of an entry's value: what the next entry names as prev."""
    return leaf_hash(value)


def kind_name(kind: int) -> str:
    """Return the name of a kind, or its number in words when this version knows none."""
    try:
        return EntryKind(kind).name
    except ValueError:
        return f"KIND_{kind}"
