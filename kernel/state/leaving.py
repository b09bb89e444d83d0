"""What leaves when: pairs of a time and a key, the earliest first, as a heap would give them.

An hour's flows and answers are millions, and of those a start gives back none is due for long. So a pack of
them stays two plain rows until the first of it could be asked for.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

Pair = tuple[int, bytes]
Pack = tuple[int, int, "array[int]", list[bytes]]  # its earliest time, its number, times and keys


@dataclass(slots=True, eq=False)
class Leaving:
    """_packs: a heap by earliest time."""

    _heap: list[Pair] = field(default_factory=list)
    _packs: list[Pack] = field(default_factory=list)
    _packed: int = 0  # pairs in packs
    _taken: int = 0  # packs so far

    def __len__(self) -> int:
        return len(self._heap) + self._packed

    def __iter__(self) -> Iterator[Pair]:
        """Every pair, in no order."""
        yield from self._heap
        for _, _, times, keys in self._packs:
            yield from zip(times, keys, strict=True)

    def push(self, at: int, key: bytes) -> None:
        """One more that leaves at `at`, micros."""
        heapq.heappush(self._heap, (at, key))

    def pop(self) -> Pair:
        """Take the earliest; of one time the least key. Raises IndexError when nothing is left."""
        self._unpack()
        return heapq.heappop(self._heap)

    def first(self) -> int:
        """The earliest time, micros. Raises IndexError when nothing is left."""
        self._unpack()
        return self._heap[0][0]

    def due(self, until: int) -> bool:
        """Whether one leaves at `until`, micros, or earlier."""
        return len(self) > 0 and self.first() <= until

    def restored(self, times: array[int], keys: list[bytes]) -> None:
        """A pack of them: `times` and `keys` are of one length, not empty, and the caller's no more."""
        heapq.heappush(self._packs, (min(times), self._taken, times, keys))
        self._packed += len(keys)
        self._taken += 1

    def _unpack(self) -> None:
        """Open every pack that may hold the earliest."""
        while self._packs and (not self._heap or self._packs[0][0] <= self._heap[0][0]):
            _, _, times, keys = heapq.heappop(self._packs)
            self._packed -= len(keys)
            for pair in zip(times, keys, strict=True):
                heapq.heappush(self._heap, pair)
