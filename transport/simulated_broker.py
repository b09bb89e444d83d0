"""A broker in memory with what the rails rely on: markers, isolation, atomic commits and fencing by epoch.

Offsets have the gaps that Kafka's have: a transaction leaves a marker in every partition it touched, and
aborted records keep their offsets. A commit is decided at once and seen partition by partition, as its
markers arrive. Time is a number that only waiting moves, so that a run is a function of its seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from transport.log import Fenced, Position, PositionLost, Positions, Produce, Record, Refused


@dataclass(slots=True)
class Transaction:
    """What one transactional id wrote between begin and end. unmarked: where its marker is not written."""

    records: list[Record] = field(default_factory=list)
    touched: dict[Position, int] = field(default_factory=dict)  # first offset per partition
    unmarked: dict[Position, None] = field(default_factory=dict)
    committed: bool = False


@dataclass(frozen=True, slots=True)
class _Slot:
    """One offset: a record of a transaction or of none, or a marker."""

    record: Record | None
    transaction: Transaction | None


class SimulatedBroker:
    """Topics, producers and group offsets. Topics that were not made are refused, as on the real wall.

    bytes_max: the largest value a topic takes, where one is told. late: markers are written by `settle`
    alone, not with the commit. on_commit: told of every transaction that is decided so, for who checks.
    """

    def __init__(
        self, topics: Mapping[str, int], *, bytes_max: Mapping[str, int] | None = None, late: bool = False
    ) -> None:
        self._slots: dict[Position, list[_Slot]] = {
            (topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self._low: dict[Position, int] = dict.fromkeys(self._slots, 0)
        self._epochs: dict[str, int] = {}
        self._open: dict[str, Transaction] = {}
        self._ending: dict[str, Transaction] = {}  # decided, and not every marker is written
        self._groups: dict[str, dict[Position, int]] = {}
        self._bytes_max = dict(bytes_max or {})
        self.late = late
        self.now_ms = 0
        self.on_commit: Callable[[str, list[Record]], None] | None = None

    def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> int:
        """Write one record without a transaction; its offset."""
        produce = Produce(topic=topic, partition=partition, key=key, value=value)
        return self._write((topic, partition), produce, None).offset

    def fence(self, transactional_id: str) -> int:
        """A new epoch for this id; older ones are refused from now on, their open transaction aborted."""
        self._end(transactional_id, committed=False)
        self.settle(transactional_id)
        self._epochs[transactional_id] = self._epochs.get(transactional_id, -1) + 1
        return self._epochs[transactional_id]

    def is_fenced(self, transactional_id: str, epoch: int) -> bool:
        """Whether the id has a newer epoch; its owner hears of that when it writes."""
        return self._epochs.get(transactional_id) != epoch

    def begin(self, transactional_id: str, epoch: int) -> None:
        """Open a transaction; the last one's markers are waited for. One that is open already is a bug."""
        self._check(transactional_id, epoch)
        assert transactional_id not in self._open, f"{transactional_id} has an open transaction"
        self.settle(transactional_id)
        self._open[transactional_id] = Transaction()

    def produce(self, transactional_id: str, epoch: int, produce: Produce) -> None:
        """Write into the open transaction."""
        self._check(transactional_id, epoch)
        transaction = self._open[transactional_id]
        at = (produce.topic, produce.partition)
        record = self._write(at, produce, transaction)
        transaction.records.append(record)
        transaction.touched.setdefault(at, record.offset)
        transaction.unmarked[at] = None

    def commit(self, transactional_id: str, epoch: int, group: str, offsets: Positions) -> None:
        """Decide the transaction and commit the group's offsets with it."""
        self._check(transactional_id, epoch)
        self._end(transactional_id, committed=True)
        self._groups.setdefault(group, {}).update(offsets)

    def abort(self, transactional_id: str, epoch: int) -> None:
        """End the transaction; its records keep their offsets and are never given to anyone."""
        self._check(transactional_id, epoch)
        self._end(transactional_id, committed=False)

    def time_out(self, transactional_id: str) -> bool:
        """Abort what has been open too long, and fence its owner; whether anything was open."""
        if transactional_id not in self._open:
            return False
        self.fence(transactional_id)
        return True

    def unsettled(self) -> list[tuple[str, Position]]:
        """Markers that are decided and not written."""
        return [(name, at) for name, each in sorted(self._ending.items()) for at in each.unmarked]

    def settle(self, transactional_id: str, at: Position | None = None) -> None:
        """Write the markers of a decided transaction, or the one in partition ``at``."""
        transaction = self._ending.get(transactional_id)
        if transaction is None:
            return
        for one in [at] if at is not None else list(transaction.unmarked):
            if one not in transaction.unmarked:
                continue
            del transaction.unmarked[one]
            self._slots[one].append(_Slot(None, transaction))
        if not transaction.unmarked:
            del self._ending[transactional_id]

    def read(
        self, at: Position, start: int, limit: int, *, committed: bool = True
    ) -> tuple[list[Record], int]:
        """At most `limit` records from `start`, and the next offset to read, markers passed.

        committed: read_committed; else read_uncommitted, which gives open and aborted ones too.
        """
        slots = self._of(at)
        if not self._low[at] <= start <= len(slots):
            raise PositionLost(f"{at[0]}[{at[1]}]: {start} is not in {self._low[at]}..{len(slots)}")
        if start == len(slots):
            return [], start
        records: list[Record] = []
        end, offset = self.end(at) if committed else len(slots), start
        while offset < end and len(records) < limit:
            slot = slots[offset]
            if slot.record is not None and (
                not committed or slot.transaction is None or slot.transaction.committed
            ):
                records.append(slot.record)
            offset += 1
        return records, offset

    def low(self, at: Position) -> int:
        """The first offset kept."""
        self._of(at)
        return self._low[at]

    def end(self, at: Position) -> int:
        """The last stable offset: nothing of a transaction without its marker, nor behind it, is read."""
        slots = self._of(at)
        if not self._open and not self._ending:
            return len(slots)
        living = (*self._open.values(), *self._ending.values())
        return min((one.touched[at] for one in living if at in one.unmarked), default=len(slots))

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
        if self.is_fenced(transactional_id, epoch):
            raise Fenced(f"{transactional_id}: a newer process has taken over (epoch {epoch})")

    def _write(self, at: Position, produce: Produce, transaction: Transaction | None) -> Record:
        slots = self._of(at)
        if len(produce.value or b"") > self._bytes_max.get(at[0], 1 << 30):
            raise Refused(f"{at[0]}[{at[1]}]: a value of {len(produce.value or b'')} bytes is too large")
        record = Record(
            topic=at[0], partition=at[1], offset=len(slots), key=produce.key, value=produce.value,
            headers=produce.headers, timestamp_ms=self.now_ms,
        )  # fmt: skip
        slots.append(_Slot(record, transaction))
        return record

    def _end(self, transactional_id: str, *, committed: bool) -> None:
        transaction = self._open.pop(transactional_id, None)
        if transaction is not None:
            transaction.committed = committed
            if committed and self.on_commit is not None:
                self.on_commit(transactional_id, transaction.records)
            self._ending[transactional_id] = transaction
            if not self.late:
                self.settle(transactional_id)
