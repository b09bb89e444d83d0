"""One ledger entry is one leaf: the Kafka value, fixed-width first; nothing outside it proves."""

from dataclasses import dataclass

from ledger.shapes import BUILT_IN, Malformed, form_of

ZEROS = bytes(32)
ENTRY_BYTES_MAX = 1024 * 1024
_ENTRY = form_of(BUILT_IN["Entry"])


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


def decode_entry(value: bytes) -> Leaf:
    """Read an entry in its one spelling. Raises Malformed on any other bytes."""
    if len(value) > ENTRY_BYTES_MAX:
        raise Malformed(f"an entry of {len(value)} bytes; {ENTRY_BYTES_MAX} is the most")
    leaf = Leaf(**_ENTRY.read(value))
    if min(leaf.partition, leaf.seq, leaf.ts, leaf.kind) < 0:
        raise Malformed("an entry whose partition, sequence, time or kind is below zero")
    return leaf
