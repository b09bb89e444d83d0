"""The bytes of an entry, as its one writer spells them."""

from ledger.entry import Leaf


def write_long(value: int) -> bytes:
    """Return the shortest zigzag varint of a 64-bit number."""
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def encode_entry(entry: Leaf) -> bytes:
    """Return the entry's value bytes. The caller's fields are asserted: only a bug can make them wrong."""
    assert (len(entry.prev), len(entry.ledger), len(entry.schema)) == (32, 16, 32)
    numbers = (entry.partition, entry.seq, entry.ts, entry.kind)
    assert min(numbers) >= 0
    head = entry.prev + entry.ledger + b"".join(map(write_long, numbers))
    return head + entry.schema + write_long(len(entry.body)) + entry.body
