"""Answers that came before their flow: kept, bounded, until it comes or time is up, and never lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from schemas.canonical import jcs
from topologies.arbiter.bounds import HELD_MAX, HELD_US
from topologies.arbiter.window import Key
from transport.log import Record, StateChange

Place = tuple[str, int, int]
PREFIX = "held/"


@dataclass(slots=True)
class _Waiting:
    record: Record
    key: Key
    until: int
    number: int


@dataclass(slots=True)
class Held:
    """Records by where they were read, in the order in which they were."""

    _waiting: dict[Place, _Waiting] = field(default_factory=dict)
    _changes: list[StateChange] = field(default_factory=list)

    def hold(self, record: Record, key: Key, now: int) -> None:
        """Keep a record until the flow ``key`` opens, or ten minutes."""
        # One more than the newest that waits, so that a restart, which knows no others, numbers on alike.
        newest = next(reversed(self._waiting.values()), None)
        waiting = _Waiting(record, key, now + HELD_US, 1 if newest is None else newest.number + 1)
        self._waiting[_place(record)] = waiting
        self._changes.append(StateChange(key=_name(record), value=_written(waiting)))

    def release(self, key: Key) -> list[Record]:
        """What waited for the flow ``key``, in the order in which it was read."""
        return self._drop(lambda waiting: waiting.key == key)

    def overdue(self, now: int) -> list[Record]:
        """What waited too long, and the oldest beyond the bound: these go to quarantine."""
        if not self._waiting:
            return []
        excess = len(self._waiting) - HELD_MAX
        oldest = sorted(each.number for each in self._waiting.values())[: max(excess, 0)]
        last = oldest[-1] if oldest else -1
        return self._drop(lambda waiting: waiting.until <= now or waiting.number <= last)

    def changes(self) -> list[StateChange]:
        """The state records of what changed since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def load(self, value: bytes) -> None:
        """Take one state record back."""
        found = json.loads(value)
        record = Record(
            topic=found["topic"],
            partition=found["partition"],
            offset=found["offset"],
            key=None if found["key"] is None else bytes.fromhex(found["key"]),
            value=bytes.fromhex(found["value"]),
        )
        key = (bytes.fromhex(found["dfid"]), found["attempt"])
        self._waiting[_place(record)] = _Waiting(record, key, found["until"], found["number"])
        self._waiting = dict(sorted(self._waiting.items(), key=lambda item: item[1].number))

    def state(self) -> Iterator[bytes]:
        """Everything a restart must give back, for comparison."""
        return (_written(each) for each in self._waiting.values())

    def __len__(self) -> int:
        return len(self._waiting)

    def _drop(self, wanted: Callable[[_Waiting], bool]) -> list[Record]:
        gone = [each.record for each in self._waiting.values() if wanted(each)]
        for record in gone:
            del self._waiting[_place(record)]
            self._changes.append(StateChange(key=_name(record), value=None))
        return gone


def _place(record: Record) -> Place:
    return record.topic, record.partition, record.offset


def _name(record: Record) -> bytes:
    return f"{PREFIX}{record.topic}/{record.partition}/{record.offset}".encode()


def _written(waiting: _Waiting) -> bytes:
    record = waiting.record
    return jcs(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": None if record.key is None else record.key.hex(),
            "value": (record.value or b"").hex(),
            "dfid": waiting.key[0].hex(),
            "attempt": waiting.key[1],
            "until": waiting.until,
            "number": waiting.number,
        }
    )
