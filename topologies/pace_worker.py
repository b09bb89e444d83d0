"""How far a thinker's worker is, told as the loops tell it: what it handles, and whether it has a broker."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from transport.log import Position, Record
from transport.probes import Probe

REACHED_MS = 5_000  # the registry is read every second; longer without an answer is a broker that is away


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(slots=True)
class Pace:
    """Written by the worker's event loop alone."""

    probe: Probe
    _positions: dict[Position, int] = field(default_factory=dict)
    _busy: set[Position] = field(default_factory=set)
    _reached_ms: int = field(default_factory=_now_ms)

    def begins(self, record: Record) -> None:
        """A record is being handled."""
        at = (record.topic, record.partition)
        self._positions[at] = record.offset
        self._busy.add(at)

    def ends(self, record: Record) -> None:
        """Its answers are with the broker."""
        at = (record.topic, record.partition)
        self._positions[at] = record.offset + 1
        self._busy.discard(at)

    def reached_broker(self) -> None:
        """The broker has answered just now."""
        self._reached_ms = _now_ms()

    def tell(self) -> None:
        """Write the progress file, if it is time."""
        now_ms = _now_ms()
        self.probe.heard(now_ms - self._reached_ms < REACHED_MS, now_ms)
        if self.probe.due(now_ms):
            self.probe.note(self._positions, {}, frozenset(self._busy), now_ms)
