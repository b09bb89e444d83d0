"""State as plain JSON values and back: one walk over the types, so that no field can be forgotten.

Decimals are spelled in shortest plain text, bytes in hex, maps as objects (keys sorted by RFC 8785).
"""

from __future__ import annotations

import functools
import types
import typing
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

from schemas.money import plain

EXACT_MAX = 2**53
Load = Callable[[Any], Any]


def dumped(value: Any) -> Any:
    """The JSON value of any state value."""
    match value:
        case None | bool():
            return value
        case IntEnum():
            return int(value)
        case Enum():
            return value.value
        case int():
            # JSON numbers are doubles: a larger integer would come back as its neighbour.
            return value if abs(value) <= EXACT_MAX else str(value)
        case str():
            return value
        case bytes():
            return value.hex()
        case Decimal():
            return plain(value)
        case Mapping():
            return {_key(key): dumped(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted((dumped(item) for item in value), key=str)
        case list() | tuple() | deque():
            return [dumped(item) for item in value]
        case _:
            assert is_dataclass(value), f"no plain form of {type(value).__name__}"
            return {field.name: dumped(getattr(value, field.name)) for field in fields(value)}


def loaded(hint: Any, value: Any) -> Any:
    """The value of type ``hint`` that ``dumped`` gave ``value`` for."""
    return _loader(hint)(value)


def _key(key: Any) -> str:
    match key:
        case bytes():
            return key.hex()
        case Enum():
            return str(key.value)
        case tuple():
            return "\n".join(_key(part) for part in key)
        case _:
            return str(key)


def _key_loader(hint: Any) -> Load:
    if typing.get_origin(hint) is tuple:
        parts = [_key_loader(part) for part in typing.get_args(hint)]
        return lambda text: tuple(load(part) for load, part in zip(parts, text.split("\n"), strict=True))
    load: Load = bytes.fromhex if hint is bytes else hint  # else str, int or an enum
    return load


@functools.cache
def _loader(hint: Any) -> Load:
    if hint is int:
        return int
    if hint in (str, bool, type(None), Any):
        return lambda value: value
    if hint is bytes:
        return bytes.fromhex
    if hint is Decimal:
        return Decimal
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = _loader(next(arg for arg in args if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin in (dict, Mapping):
        key, item = _key_loader(args[0]), _loader(args[1])
        return lambda value: {key(name): item(held) for name, held in value.items()}
    if origin is tuple and args[1:] != (...,):
        parts = [_loader(arg) for arg in args]
        return lambda value: tuple(load(part) for load, part in zip(parts, value, strict=True))
    if origin in (list, tuple, deque, set, frozenset):
        each = _loader(args[0])
        return lambda value: origin(each(item) for item in value)
    if is_dataclass(hint):
        return _record(hint)
    return lambda value: hint(value)  # an enum


def _record(cls: Any) -> Load:
    hints = typing.get_type_hints(cls)
    plan = [(field.name, _loader(hints[field.name])) for field in fields(cls)]

    def load(value: Any) -> Any:
        assert value.keys() == {name for name, _ in plan}, f"{cls.__name__}: {sorted(value)}"
        return cls(**{name: read(value[name]) for name, read in plan})

    return load
