"""A map kept in segments of keys that came together: written again is only what was looked into.

What an hour of decisions leaves behind is large and hardly ever asked for. So a restored segment stays packed
until one of its keys is wanted, and a snapshot costs what changed since the last one, whatever the size of
the whole. Looking counts as changing: a value that was handed out may have been changed by whoever got it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Generic, TypeVar

SEGMENT_KEYS = 512  # enough for a few packed pieces, few enough that one new key rewrites little

V = TypeVar("V")


@dataclass(slots=True, kw_only=True, eq=False)
class Segment(Generic[V]):
    """held: its values, None while they are packed. taken: how many keys it was ever given."""

    number: int
    held: dict[bytes, V] | None
    packed: bytes = b""
    taken: int = 0
    touched: bool = False


class Segmented(MutableMapping[bytes, V]):
    """unpack: the values of packed bytes, by key. Keys stand in the order in which they came."""

    def __init__(self, unpack: Callable[[bytes], dict[bytes, V]]) -> None:
        self._unpack = unpack
        self._of: dict[bytes, Segment[V]] = {}
        self._segments: dict[int, Segment[V]] = {}
        self._last: Segment[V] | None = None

    def __getitem__(self, key: bytes) -> V:
        return self._values(self._of[key])[key]

    def __setitem__(self, key: bytes, value: V) -> None:
        segment = self._of.get(key)
        if segment is None:
            segment = self._of[key] = self._open()
            segment.taken += 1
        self._values(segment)[key] = value

    def __delitem__(self, key: bytes) -> None:
        del self._values(self._of.pop(key))[key]

    def __contains__(self, key: object) -> bool:
        return key in self._of

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def peek(self, key: bytes) -> V:
        """A value that is only looked at."""
        return self._unpacked(self._of[key])[key]

    def restored(self, number: int, keys: Iterable[bytes], packed: bytes) -> None:
        """Take a segment over as it was written; segments in ascending order."""
        segment: Segment[V] = Segment(number=number, held=None, packed=packed)
        before = len(self._of)
        self._of.update(dict.fromkeys(keys, segment))
        segment.taken = len(self._of) - before
        self._segments[number] = self._last = segment

    def changed(self) -> Iterator[tuple[int, dict[bytes, V]]]:
        """Number and values of every segment looked into since the last call; without values it is gone."""
        for segment in [each for each in self._segments.values() if each.touched]:
            values = self._unpacked(segment)
            segment.touched, segment.packed = False, b""
            if not values:
                del self._segments[segment.number]
            yield segment.number, values

    def _open(self) -> Segment[V]:
        if self._last is None or self._last.taken >= SEGMENT_KEYS:
            number = 0 if self._last is None else self._last.number + 1
            self._segments[number] = self._last = Segment(number=number, held={})
        # One that is full of nothing has been written as gone: it is named again when it is changed again.
        self._segments[self._last.number] = self._last
        return self._last

    def _values(self, segment: Segment[V]) -> dict[bytes, V]:
        segment.touched = True
        return self._unpacked(segment)

    def _unpacked(self, segment: Segment[V]) -> dict[bytes, V]:
        if segment.held is None:
            segment.held = self._unpack(segment.packed)
        return segment.held
