"""The time that a step is told: the wall's on a live ledger, the tape's on a ledger that replays a day.

A tape edge reads `clock` to its present end each time it is asked. The loop asks after it has read a batch,
and the feeder flushes a tick before the records of that time, so a record is never judged at a time before
its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from transport.log import Record


class Clock(Protocol):
    """Micros UTC; never goes back."""

    def now(self) -> int:
        """The present of this ledger."""
        ...


class LiveClock:
    """The wall's time, held where it would go back (a step of NTP). ``time_ns``: nanoseconds UTC."""

    def __init__(self, time_ns: Callable[[], int] = time.time_ns) -> None:
        self._last = 0
        self._time_ns = time_ns

    def now(self) -> int:
        """Micros UTC."""
        self._last = max(self._last, self._time_ns() // 1_000)
        return self._last


class Tail(Protocol):
    """One partition read from its beginning, on demand, to what is its end at that moment."""

    def fresh(self) -> list[Record]:
        """The committed records since the last call."""
        ...


class TapeClock:
    """The greatest tick on topic `clock`; 0 before the first one."""

    def __init__(self, tail: Tail, decode: Callable[[bytes], int]) -> None:
        self._tail = tail
        self._decode = decode
        self._last = 0

    def now(self) -> int:
        """Micros UTC. What `decode` raises on a broken tick is a bug of the feeder and stops the process."""
        for record in self._tail.fresh():
            if record.value is not None:
                self._last = max(self._last, self._decode(record.value))
        return self._last
