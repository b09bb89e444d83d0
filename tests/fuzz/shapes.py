"""Random messages over their own shapes: any field may become an extreme, or another of its kind."""

from __future__ import annotations

import functools
import typing
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import Enum
from random import Random
from types import UnionType
from typing import Any

LONGS = (0, 1, -1, 2, 7, 1000, 2**31 - 1, 2**31, -(2**31), 2**53, 2**62, 2**63 - 1, -(2**63))
INTS = (0, 1, -1, 2, 3, 99, 2**31 - 1, -(2**31))
DECIMALS = tuple(
    Decimal(each)
    for each in (
        "0", "-0", "1", "-1", "0.000000000000000001", "-0.000000000000000001", "0.5", "1.000000000000000001",
        "99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999", "1E+19",
        "12345.678901234567890123"[:24], "4000", "4000.005", "0.01", "1E-10", "31415.9265358979",
    )
)  # fmt: skip
STRINGS = (
    "", " ", "a", "paper-1", "paper-2", "btc-usd", "eth-usd", "doge-usd", "nobody", "sovereign", "risk",
    "arbiter", "selector", "1.0.0", "s1", "s2", "0", "None", "null", "NaN", "A" * 64, "a" * 65, "x" * 3000,
    "é", "\u0000", "\ufeffb", "../..", "paper-1 ", "PAPER-1", "日本", "\U0001f600", "{}", "-", ".", "ffff",
)  # fmt: skip


@functools.cache
def hints(cls: type[Any]) -> dict[str, Any]:
    """Field types of a message class, resolved."""
    return typing.get_type_hints(cls)


def nudged(message: Any, draw: Random) -> Any:
    """The message with one field, at any depth, made strange."""
    name = draw.choice([each.name for each in fields(message)])
    value = getattr(message, name)
    return replace(message, **{name: strange(value, hints(type(message))[name], draw)})


def strange(value: Any, hint: Any, draw: Random) -> Any:
    """Another value for a field of this type."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (UnionType, typing.Union) else (hint,)
    kinds = [each for each in options if each is not type(None)]
    if len(options) > len(kinds) and value is not None and draw.random() < 0.2:
        return None
    if value is None:
        return made(draw.choice(kinds), draw, 0)
    if is_dataclass(value):
        return nudged(value, draw) if draw.random() < 0.9 else made(draw.choice(kinds), draw, 0)
    if isinstance(value, tuple):
        return _listed(value, typing.get_args(kinds[0])[0], draw)
    if isinstance(value, bytes) and not isinstance(value, str):
        return _bytes(value, draw)
    return _scalar(type(value), value, draw)


def _listed(value: tuple[Any, ...], kind: Any, draw: Random) -> tuple[Any, ...]:
    match draw.randrange(6):
        case 0:
            return ()
        case 1:
            return value + value
        case 2:
            return value * draw.randrange(1, 40) if len(value) < 10 else value[:1]
        case 3:
            return (*value, made(kind, draw, 0))
        case 4 if len(value) > 1:
            return tuple(draw.sample(value, len(value)))
        case _ if value:
            index = draw.randrange(len(value))
            return (*value[:index], strange(value[index], kind, draw), *value[index + 1 :])
        case _:
            return (made(kind, draw, 0),)


def _bytes(value: bytes, draw: Random) -> bytes:
    """Fixed lengths stay what they are, or nothing could be encoded."""
    if len(value) in (8, 16, 32, 64) and draw.random() < 0.95:
        return draw.choice((bytes(len(value)), draw.randbytes(len(value)), b"\xff" * len(value)))
    return draw.choice(
        (b"", draw.randbytes(draw.randrange(1, 200)), value + b"\x00", value[: len(value) // 2])
    )


def _scalar(kind: Any, value: Any, draw: Random) -> Any:
    if issubclass(kind, Enum):
        return draw.choice(list(kind))
    if kind is bool:
        return not value
    if kind is int:
        return draw.choice((value + 1, value - 1, -value, *LONGS))
    if kind is Decimal:
        return draw.choice((value, -value, value * 2, *DECIMALS, *DECIMALS))
    assert kind is str, kind
    return draw.choice((*STRINGS, value[:-1], value + "x"))


def made(kind: Any, draw: Random, depth: int) -> Any:
    """A value of a type, from nothing."""
    origin = typing.get_origin(kind)
    if origin in (UnionType, typing.Union):
        return made(draw.choice(typing.get_args(kind)), draw, depth)
    if origin is tuple:
        count = 0 if depth > 2 else draw.choice((0, 0, 1, 2, 3))
        return tuple(made(typing.get_args(kind)[0], draw, depth + 1) for _ in range(count))
    if kind is type(None):
        return None
    if is_dataclass(kind):
        found = hints(typing.cast(type[Any], kind))
        return kind(**{name: made(hint, draw, depth + 1) for name, hint in found.items()})
    if kind is bytes:
        return draw.randbytes(draw.choice((16, 32, 32, 32, 0, 8, 64)))
    if kind is Any:
        return None
    if kind is Decimal:
        return draw.choice(DECIMALS)
    if kind is int:
        return draw.choice((*INTS, *LONGS))
    if kind is bool:
        return draw.random() < 0.5
    if kind is str:
        return draw.choice(STRINGS)
    return draw.choice(list(kind))


def scrambled(data: bytes, draw: Random) -> bytes:
    """Bytes with something done to them: flipped, cut, doubled, replaced, lengthened."""
    if not data:
        return draw.randbytes(draw.randrange(1, 40))
    at = draw.randrange(len(data))
    match draw.randrange(7):
        case 0:
            return data[:at] + bytes([data[at] ^ (1 << draw.randrange(8))]) + data[at + 1 :]
        case 1:
            return data[:at]
        case 2:
            return data[:at] + draw.randbytes(draw.randrange(1, 9)) + data[at:]
        case 3:
            end = min(len(data), at + draw.randrange(1, 40))
            return data[:at] + data[end:]
        case 4:
            end = min(len(data), at + draw.randrange(1, 40))
            return data[:end] + data[at:]
        case 5:  # a length or a number as long as a varint gets
            return data[:at] + b"\xff" * draw.choice((1, 4, 9, 10)) + data[at + 1 :]
        case _:
            return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
