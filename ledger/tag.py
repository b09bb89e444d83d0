"""The tagged hash: what a digest is of cannot be mistaken, neither its purpose nor where a part ends.

A hash over joined texts lets two different inputs meet ("ab" + "c", "a" + "bc"), and a hash without a tag
lets a value made for one purpose be used for another. Framing and tag close both doors (10-words.md).
"""

import hashlib
from decimal import Decimal

Part = bytes | str | int | Decimal | None


def sha256(data: bytes) -> bytes:
    """Return the 32-byte SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def decimal_text(value: Decimal) -> str:
    """Return the shortest plain text of a decimal: no exponent, trailing zero or minus zero.

    `normalize` would round to the ambient context's 28 digits. Raises ValueError for NaN and infinities.
    """
    if not value.is_finite():
        raise ValueError(f"a decimal that is hashed must be finite, not {value}")
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def part_bytes(part: Part) -> bytes:
    """Return one part's bytes: raw, UTF-8, 8-byte big endian, shortest plain text, empty if absent.

    Raises ValueError for a bool (it would pass for an int), an int beyond 8 bytes, a non-finite decimal.
    """
    match part:
        case bytes():
            return part
        case str():
            return part.encode("utf-8")
        case Decimal():
            return decimal_text(part).encode("ascii")
        case int() if not isinstance(part, bool) and 0 <= part < 1 << 64:
            return part.to_bytes(8, "big")
        case None:
            return b""
    raise ValueError(f"{part!r} has no hashable form: ints fit 8 bytes unsigned, bools none at all")


def framed(tag: str, *parts: Part) -> bytes:
    """Return `u8 len(tag) ‖ tag ‖ Σ(u32be len(part) ‖ part)`, the preimage of the tagged hash."""
    name = tag.encode("ascii")
    if not 0 < len(name) < 256:
        raise ValueError("a tag is 1 to 255 ASCII bytes")
    framed_parts = (len(data).to_bytes(4, "big") + data for data in map(part_bytes, parts))
    return bytes((len(name),)) + name + b"".join(framed_parts)


def tagged(tag: str, *parts: Part) -> bytes:
    """Return the 32-byte tagged hash TH(tag, parts…)."""
    return sha256(framed(tag, *parts))
