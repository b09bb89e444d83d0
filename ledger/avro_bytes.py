"""The few byte forms that entries and bodies are made of, each in one spelling (Avro 1.12)."""


class Malformed(ValueError):
    """Bytes that are no Avro body of their schema, or not its one spelling."""


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a zigzag varint of at most 64 bits at `at`; return the value and where it ended."""
    shift = result = 0
    for end in range(at, min(at + 10, len(data))):
        byte = data[end]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (byte == 0 and end > at) or result >= 1 << 64:
                raise Malformed(f"a number at byte {at} is spelled longer or larger than it may be")
            return (result >> 1) ^ -(result & 1), end + 1
        shift += 7
    raise Malformed(f"a number at byte {at} has no end")


def take(data: bytes, at: int, count: int) -> tuple[bytes, int]:
    """Read exactly `count` bytes at `at`."""
    end = at + count
    if not at <= end <= len(data):
        raise Malformed(f"{count} bytes wanted at byte {at} of {len(data)}")
    return data[at:end], end


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a length and as many bytes."""
    count, at = read_long(data, at)
    return take(data, at, count)
