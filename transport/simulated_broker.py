"""A broker in memory with what the rails rely on: markers, isolation, atomic commits and fencing by epoch.

Offsets have the gaps that Kafka's have: a transaction leaves a marker in every partition it touched, and
aborted records keep their offsets. Time is a number that only waiting moves, so that a run is a function of
its seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transport.log import Fenced, Position, PositionLost, Positions, Produce, Record, Refused


@dataclass(slots=True)
class _Transaction:
    """What one transactional id wrote between begin and end; `open` ends with its marker."""

    touched: dict[Position, int] = field(default_factory=dict)  # first offset per partition
    committed: bool = False
    open: bool = True


@dataclass(frozen=True, slots=True)
class _Slot:
    """One offset: a record of a transaction or of none, or a marker."""

    record: Record | None
    transaction: _Transaction | None


class SimulatedBroker:
    """Topics, producers and group offsets. Topics that were not made are refused, as on the real wall."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        self._slots: dict[Position, list[_Slot]] = {
            (topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self._low: dict[Position, int] = dict.fromkeys(self._slots, 0)
        self._epochs: dict[str, int] = {}
        self._open: dict[str, _Transaction] = {}
        self._groups: dict[str, dict[Position, int]] = {}
        self.now_ms = 0

    def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> int:
        """Write one record without a transaction; its offset."""
        produce = Produce(topic=topic, partition=partition, key=key, value=value)
        return self._write((topic, partition), produce, None)

    def fence(self, transactional_id: str) -> int:
        """A new epoch for this id; older ones are refused from now on, their open transaction aborted."""
        self._end(transactional_id, committed=False)
        self._epochs[transactional_id] = self._epochs.get(transactional_id, -1) + 1
        return self._epochs[transactional_id]

    def begin(self, transactional_id: str, epoch: int) -> None:
        """Open a transaction. One that is open already is a bug of the client."""
        self._check(transactional_id, epoch)
        assert transactional_id not in self._open, f"{transactional_id} has an open transaction"
        self._open[transactional_id] = _Transaction()

    def produce(self, transactional_id: str, epoch: int, produce: Produce) -> None:
        """Write into the open transaction."""
        self._check(transactional_id, epoch)
        transaction = self._open[transactional_id]
        at = (produce.topic, produce.partition)
        offset = self._write(at, produce, transaction)
        transaction.touched.setdefault(at, offset)

    def commit(self, transactional_id: str, epoch: int, group: str, offsets: Positions) -> None:
        """End the transaction and commit the group's offsets with it."""
        self._check(transactional_id, epoch)
        self._end(transactional_id, committed=True)
        self._groups.setdefault(group, {}).update(offsets)

    def abort(self, transactional_id: str, epoch: int) -> None:
        """End the transaction; its records keep their offsets and are never given to anyone."""
        self._check(transactional_id, epoch)
        self._end(transactional_id, committed=False)

    def read(self, at: Position, start: int, limit: int) -> tuple[list[Record], int]:
        """At most `limit` committed records from `start`, and the next offset to read, markers passed."""
        slots = self._of(at)
        if not self._low[at] <= start <= len(slots):
            raise PositionLost(f"{at[0]}[{at[1]}]: {start} is not in {self._low[at]}..{len(slots)}")
        records: list[Record] = []
        end, offset = self.end(at), start
        while offset < end and len(records) < limit:
            slot = slots[offset]
            if slot.record is not None and (slot.transaction is None or slot.transaction.committed):
                records.append(slot.record)
            offset += 1
        return records, offset

    def low(self, at: Position) -> int:
        """The first offset kept."""
        self._of(at)
        return self._low[at]

    def end(self, at: Position) -> int:
        """The last stable offset: nothing of an open transaction, nor behind it, is read."""
        slots = self._of(at)
        firsts = [one.touched[at] for one in self._open.values() if at in one.touched]
        return min(firsts, default=len(slots))

    def trim(self, at: Position, low: int) -> None:
        """Forget what is older, as retention does."""
        self._low[at] = max(self._low[at], low)

    def group_offset(self, group: str, at: Position) -> int | None:
        """What outsiders see of how far a group has read."""
        return self._groups.get(group, {}).get(at)

    def _of(self, at: Position) -> list[_Slot]:
        if at not in self._slots:
            raise Refused(f"{at[0]}[{at[1]}] does not exist")
        return self._slots[at]

    def _check(self, transactional_id: str, epoch: int) -> None:
        if self._epochs.get(transactional_id) != epoch:
            raise Fenced(f"{transactional_id}: a newer process has taken over (epoch {epoch})")

    def _write(self, at: Position, produce: Produce, transaction: _Transaction | None) -> int:
        slots = self._of(at)
        record = Record(
            topic=at[0],
            partition=at[1],
            offset=len(slots),
            key=produce.key,
            value=produce.value,
            headers=produce.headers,
            timestamp_ms=self.now_ms,
        )
        slots.append(_Slot(record, transaction))
        return record.offset

    def _end(self, transactional_id: str, *, committed: bool) -> None:
        transaction = self._open.pop(transactional_id, None)
        if transaction is not None:
            transaction.open, transaction.committed = False, committed
            for at in transaction.touched:
                self._slots[at].append(_Slot(None, transaction))
