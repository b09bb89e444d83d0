"""Which signals were seen: exact for an hour of event time, and whatever is forgotten is stale by name.

Keys are kept in segments. A segment is dropped as a whole once its newest event is at or before the horizon,
so a forgotten key can only belong to a signal that STALE_SIGNAL refuses. When the count bound is reached the
horizon moves forward over the oldest segment.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ledger.hashes import tagged
from topologies.selector.bounds import HORIZON_US, SEEN_MAX, SEGMENT_KEYS
from transport.log import StateChange

PACKED = struct.Struct(">32sqB7s")  # key, event time, fate, offset: 48 bytes
PREFIX = "seen/"
FORCED = "seen/horizon"


class Fate(IntEnum):
    """What became of a signal that passed admission."""

    UPDATED = 1  # features only: no route names it, and none has to
    SUPPRESSED = 2
    OPENED = 3


def seen_key(source: str, signal_id: str) -> bytes:
    """The 32 bytes under which a signal is remembered."""
    return tagged("interlock/1/seen", source, signal_id)


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a signal says it happened (micros UTC), its offset on its topic and what became of it."""

    event_time: int
    fate: Fate
    offset: int


@dataclass(slots=True)
class _Segment:
    number: int
    packed: list[bytes] = field(default_factory=list)
    newest: int = 0
    parts: int = 0  # records written so far; a sealed one has 0 and stands in one record
    sealed: bool = False


class Seen:
    """The memory of (source, signal_id)."""

    def __init__(self, *, keys_max: int = SEEN_MAX, segment_keys: int = SEGMENT_KEYS) -> None:
        self._keys_max, self._segment_keys = keys_max, segment_keys
        self._packed: dict[bytes, bytes] = {}  # packed, because there are many
        self._segments: list[_Segment] = [_Segment(number=0)]
        self._fresh: list[bytes] = []
        self._forced = 0
        self._changes: list[StateChange] = []

    def horizon(self, now: int) -> int:
        """Events at or before this (micros UTC) are stale; ``now`` is told."""
        return max(self._forced, now - HORIZON_US)

    def sighting(self, key: bytes) -> Sighting | None:
        """What is remembered of a signal."""
        packed = self._packed.get(key)
        return None if packed is None else _sighting(packed)

    def add(self, key: bytes, sighting: Sighting) -> None:
        """Remember a signal that was not seen before."""
        assert key not in self._packed
        segment = self._segments[-1]
        packed = PACKED.pack(key, sighting.event_time, sighting.fate, sighting.offset.to_bytes(7, "big"))
        self._packed[key] = packed
        segment.packed.append(packed)
        segment.newest = max(segment.newest, sighting.event_time)
        self._fresh.append(packed)
        if len(segment.packed) >= self._segment_keys:
            self._seal(segment)
        if len(self._packed) > self._keys_max:
            self._force()

    def forget(self, now: int) -> None:
        """Drop the segments that the horizon has passed."""
        horizon = self.horizon(now)
        for segment in [each for each in self._segments if each.sealed and each.newest <= horizon]:
            self._drop(segment)

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        segment = self._segments[-1]
        if self._fresh:
            self._changes.append(_change(_part(segment.number, segment.parts), b"".join(self._fresh)))
            segment.parts += 1
            self._fresh = []
        changes, self._changes = self._changes, []
        yield from changes

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the state records whose keys begin with ``seen/``."""
        numbered: dict[int, _Segment] = {}
        for name in sorted(records):
            if name == FORCED:
                self._forced = int.from_bytes(records[name], "big")
                continue
            _, number, part = name.split("/")
            segment = numbered.setdefault(int(number), _Segment(number=int(number)))
            segment.sealed = part == "sealed"
            segment.parts = 0 if segment.sealed else int(part) + 1
            self._take(segment, records[name])
        last = max(numbered, default=-1)  # a dropped segment's number may be given again: nothing names it
        self._segments = [numbered[number] for number in sorted(numbered)]
        if last < 0 or numbered[last].sealed:
            self._segments.append(_Segment(number=last + 1))

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return (
            self._forced,
            sorted(self._packed),
            [(s.number, s.sealed, s.parts, s.newest, tuple(s.packed)) for s in self._segments],
        )

    def _take(self, segment: _Segment, value: bytes) -> None:
        for packed in (value[at : at + PACKED.size] for at in range(0, len(value), PACKED.size)):
            self._packed[packed[:32]] = packed
            segment.packed.append(packed)
            segment.newest = max(segment.newest, _sighting(packed).event_time)

    def _seal(self, segment: _Segment) -> None:
        parts = [_part(segment.number, part) for part in range(segment.parts)]
        self._changes += [_change(name, None) for name in parts]
        self._changes.append(_change(_sealed(segment.number), b"".join(segment.packed)))
        segment.sealed, segment.parts = True, 0
        self._fresh = []
        self._segments.append(_Segment(number=segment.number + 1))

    def _force(self) -> None:
        oldest = self._segments[0]
        assert oldest.sealed, "the count bound is above one segment"
        self._forced = max(self._forced, oldest.newest)
        self._changes.append(_change(FORCED, self._forced.to_bytes(8, "big")))
        self._drop(oldest)

    def _drop(self, segment: _Segment) -> None:
        for packed in segment.packed:
            del self._packed[packed[:32]]
        self._segments.remove(segment)
        self._changes.append(_change(_sealed(segment.number), None))


def _sighting(packed: bytes) -> Sighting:
    _, event_time, fate, offset = PACKED.unpack(packed)
    return Sighting(event_time, Fate(fate), int.from_bytes(offset, "big"))


def _part(number: int, part: int) -> str:
    return f"{PREFIX}{number:012d}/{part:06d}"


def _sealed(number: int) -> str:
    return f"{PREFIX}{number:012d}/sealed"


def _change(name: str, value: bytes | None) -> StateChange:
    return StateChange(key=name.encode(), value=value)
