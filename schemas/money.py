"""Exact decimals: one context, one scale, one spelling."""

from __future__ import annotations

import functools
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

SCALE = 18
UNSCALED_BOUND = (
    10**38
)  # decimal(38,18); fastavro writes more digits without error and reads them back rounded

# Python's default context silently rounds at 28 digits; this one raises instead.
CONTEXT = Context(
    prec=80, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow]
)


class NotExact(ValueError):
    """A value that decimal(38,18) cannot hold exactly."""


def unscaled(value: Decimal) -> int:
    """``value`` as an integer count of 10^-18. Raises NotExact on NaN, infinities and too many digits."""
    if not value.is_finite():
        raise NotExact(f"{value} is no amount")
    scaled = value.scaleb(SCALE, CONTEXT)
    whole = int(scaled)
    if whole != scaled or abs(whole) >= UNSCALED_BOUND:
        raise NotExact(f"{value} does not fit decimal(38,18)")
    return whole


def from_unscaled(count: int) -> Decimal:
    """The amount of ``count`` times 10^-18. Raises NotExact at 10^38 and beyond."""
    if abs(count) >= UNSCALED_BOUND:
        raise NotExact(f"{count} does not fit decimal(38,18)")
    return Decimal(count).scaleb(-SCALE, CONTEXT)


def to_bytes(value: Decimal) -> bytes:
    """Two's complement, big endian, as short as it can be: the Avro body of a decimal."""
    count = unscaled(value)
    return count.to_bytes(_length(count), "big", signed=True)


def _length(count: int) -> int:
    return (count if count >= 0 else ~count).bit_length() // 8 + 1


@functools.lru_cache(maxsize=4_096)  # prices and quantities come again and again
def from_bytes(data: bytes) -> Decimal:
    """The amount an Avro decimal body holds. Raises NotExact out of range, empty or longer than need be."""
    if not data:
        raise NotExact("an empty decimal")
    count = int.from_bytes(data, "big", signed=True)
    if len(data) != _length(count):
        raise NotExact(f"{len(data)} bytes of a decimal that re-encode to {_length(count)}")
    return from_unscaled(count)


def plain(value: Decimal) -> str:
    """Shortest plain text: no exponent, no trailing zeros, no minus zero."""
    if value == 0:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
