"""Canonical JSON: one spelling for one value (RFC 8785)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

spelled = json.JSONEncoder(ensure_ascii=False).encode  # one encoder: making one costs more than its answer
type_error = "canonical JSON holds null, booleans, numbers, strings, lists and maps with string keys"


def jcs(value: object) -> bytes:
    """The RFC 8785 bytes of ``value``.

    Raises ValueError on NaN, infinities and lone surrogates, TypeError on what JSON cannot hold.
    """
    return _text(value).encode("utf-8")


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case str():
            return _string(value)
        case int():
            return _integer(value)
        case float():
            return number(value)
        case Mapping():
            return _object(value)
        case Sequence() if not isinstance(value, bytes | bytearray):
            return "[" + ",".join(_text(item) for item in value) + "]"
        case _:
            raise TypeError(f"{type_error}, not {type(value).__name__}")


def _string(value: str) -> str:
    value.encode("utf-8")  # a lone surrogate has no UTF-8 form: refuse it here, by ValueError
    return spelled(value)


def _integer(value: int) -> str:
    if abs(value) > 2**53:
        return number(float(value))  # JSON numbers are doubles; larger integers are spelled as those
    return str(value)


def _object(value: Mapping[object, object]) -> str:
    names: list[str] = []
    for name in value:
        if not isinstance(name, str):
            raise TypeError(type_error)
        names.append(name)
    # RFC 8785 sorts by UTF-16 code units, which differs from code points beyond the basic plane.
    names.sort(key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_string(name)}:{_text(value[name])}" for name in names) + "}"


def number(value: float) -> str:
    """An IEEE 754 double as ECMAScript spells it (RFC 8785, section 3.2.2.3)."""
    if not math.isfinite(value):
        raise ValueError("canonical JSON has no NaN and no infinity")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    digits, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    joined = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(joined)
    joined = joined.rstrip("0")
    return sign + _placed(joined, point)


def _placed(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = f"{'+' if point > 0 else '-'}{abs(point - 1)}"
    return digits[0] + ("." + digits[1:] if count > 1 else "") + "e" + exponent
