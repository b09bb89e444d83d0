"""Where two ledgers part: the first entry that is not the same, and which of its fields."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ledger.entry import decode_entry
from ledger.plain_body import plain_entry
from ledger.shapes import Shapes

FIELDS_MAX = 200
_ABSENT = "(absent)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that differs, by its path; (absent) where one side has none."""

    path: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """seq: of the first entry that differs, also where one ledger ends. fields: the first 200."""

    seq: int
    first: str
    second: str
    fields: tuple[Field, ...]


def parting(first: Iterable[bytes], second: Iterable[bytes]) -> Parting | None:
    """Return where two partitions part, None when they are the same. Raises Malformed on what is unreadable.

    Entries before are compared as bytes; their schemas are learnt on both sides.
    """
    one, two = Shapes(), Shapes()
    for place, (left, right) in enumerate(zip_longest(first, second)):
        shown = [_plain(left, one), _plain(right, two)]
        if left != right:
            fields = tuple(field for field, _ in zip(_fields("", *shown), range(FIELDS_MAX), strict=False))
            kinds = [_ABSENT if each is None else str(each["kind"]) for each in shown]
            return Parting(seq=place, first=kinds[0], second=kinds[1], fields=fields)
    return None


def _plain(value: bytes | None, shapes: Shapes) -> dict[str, Any] | None:
    return None if value is None else {**plain_entry(decode_entry(value), shapes), **_head(value)}


def _head(value: bytes) -> dict[str, Any]:
    leaf = decode_entry(value)
    return {"prev": leaf.prev.hex(), "ledger": leaf.ledger.hex(), "partition": leaf.partition}


def _fields(path: str, first: Any, second: Any) -> Iterator[Field]:
    if first == second:
        return
    if isinstance(first, dict) and isinstance(second, dict):
        for name in {**first, **second}:
            inner = f"{path}.{name}" if path else name
            yield from _fields(inner, first.get(name, _ABSENT), second.get(name, _ABSENT))
    elif isinstance(first, list) and isinstance(second, list):
        for place, (one, two) in enumerate(zip_longest(first, second, fillvalue=_ABSENT)):
            yield from _fields(f"{path}[{place}]", one, two)
    else:
        yield Field(path=path or "entry", first=str(first), second=str(second))
