"""Signals whose clock runs ahead wait for their own time: nothing is acted on before it has happened.

Without this a snapshot would hold a quote newer than the moment it was taken, and the flow would be signed
with a time that other processes have not reached.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.canonical import jcs
from topologies.selector.bounds import EARLY_MAX
from transport.log import Record, StateChange

PREFIX = "early/"


@dataclass(frozen=True, slots=True)
class _Waiting:
    event_time: int
    record: Record


class Early:
    """Records of ``market.signals`` ahead of the told time by no more than the skew; bounded by count."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._dirty: set[str] = set()

    @property
    def full(self) -> bool:
        """Whether a further one must be refused."""
        return len(self._waiting) >= EARLY_MAX

    def add(self, record: Record, event_time: int) -> None:
        """Let a record wait until ``event_time`` (micros UTC)."""
        name = f"{PREFIX}{record.partition}/{record.offset}"
        self._waiting[name] = _Waiting(event_time, record)
        self._dirty.add(name)

    def due(self, now: int) -> list[Record]:
        """Take out those whose time has come, in order of time, then offset."""
        names = [name for name, one in self._waiting.items() if one.event_time <= now]
        taken = [self._waiting.pop(name) for name in names]
        self._dirty.update(names)
        taken.sort(key=lambda one: (one.event_time, one.record.partition, one.record.offset))
        return [one.record for one in taken]

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for name in sorted(self._dirty):
            one = self._waiting.get(name)
            yield StateChange(key=name.encode(), value=None if one is None else _written(one))
        self._dirty = set()

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the records ``early/…``."""
        self._waiting = {name: _read(value) for name, value in records.items()}

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return sorted(self._waiting.items())


def _written(one: _Waiting) -> bytes:
    record = one.record
    return jcs(
        {
            "event_time": one.event_time,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": None if record.key is None else record.key.hex(),
            "value": None if record.value is None else record.value.hex(),
            "headers": [[name, value.hex()] for name, value in record.headers],
            "timestamp_ms": record.timestamp_ms,
        }
    )


def _read(value: bytes) -> _Waiting:
    found = json.loads(value)
    record = Record(
        topic=found["topic"],
        partition=found["partition"],
        offset=found["offset"],
        key=None if found["key"] is None else bytes.fromhex(found["key"]),
        value=None if found["value"] is None else bytes.fromhex(found["value"]),
        headers=tuple((name, bytes.fromhex(each)) for name, each in found["headers"]),
        timestamp_ms=found["timestamp_ms"],
    )
    return _Waiting(found["event_time"], record)
