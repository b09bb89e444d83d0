"""One ledger entry is one leaf: the Kafka value, fixed-width first; nothing outside it proves."""

from dataclasses import dataclass

from ledger.avro_bytes import Malformed, read_bytes, read_long, take

ZEROS = bytes(32)
ENTRY_BYTES_MAX = 1024 * 1024
_NUMBERS_MAX = ((1 << 31) - 1, 1 << 62, 1 << 62, (1 << 31) - 1)  # partition, seq, ts, kind


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
    numbers, at = [], 48
    for most in _NUMBERS_MAX:
        number, at = read_long(value, at)
        if not 0 <= number <= most:
            raise Malformed(f"a number of an entry is {number}, not 0 to {most}")
        numbers.append(number)
    schema, at = take(value, at, 32)
    body, at = read_bytes(value, at)
    if at != len(value) or at > ENTRY_BYTES_MAX:
        raise Malformed(f"{at} bytes of an entry in a value of {len(value)}; {ENTRY_BYTES_MAX} is the most")
    partition, seq, ts, kind = numbers
    return Leaf(
        prev=value[:32], ledger=value[32:48], partition=partition, seq=seq, ts=ts, kind=kind,
        schema=schema, body=body,
    )  # fmt: skip
