"""What has been read and not yet stepped: ranks first, causes before their consequences.

Records of one rank go in (topic, partition, offset) order; timestamps decide nothing. A record that names a
record of `market.signals` waits, and its partition with it, until the loop has taken that one too, at most
`hold_ms` from when it was read, so that whoever names offsets that never come delays a partition once and
not once per record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transport.log import Position, Positions, Record
from transport.names import MARKET_SIGNALS
from transport.processor import Input

Cause = Callable[[Record], tuple[int, int] | None]


def arranged(inputs: Sequence[Input]) -> tuple[Position, ...]:
    """Every input partition, in the order in which batches are arranged."""
    ranked = sorted(enumerate(inputs), key=lambda pair: (pair[1].rank, pair[0]))
    positions = tuple((one.topic, number) for _, one in ranked for number in sorted(one.partitions))
    if len(set(positions)) != len(positions):
        raise ValueError(f"a partition is named twice among the inputs: {positions}")
    return positions


@dataclass(slots=True, kw_only=True)
class _Waiting:
    record: Record
    read_ms: int
    cause: tuple[int, int] | None


class Intake:
    """Queues per input partition.

    Bounded: `full` names the partitions that must not be read further for now.
    """

    def __init__(self, inputs: Sequence[Input], cause: Cause, *, hold_ms: int, buffer_max: int) -> None:
        self._queues: dict[Position, deque[_Waiting]] = {at: deque() for at in arranged(inputs)}
        self._taken: dict[Position, int] = {}
        self._cause = cause
        self._hold_ms = hold_ms
        self._buffer_max = buffer_max
        self._buffered = 0

    def begin(self, positions: Positions) -> None:
        """Start from these positions; inputs without one start at 0."""
        self._taken = {at: positions.get(at, 0) for at in self._queues}

    @property
    def positions(self) -> Positions:
        """The next offset to step, per input partition."""
        return self._taken

    @property
    def buffered(self) -> int:
        """How many records are read and not yet taken."""
        return self._buffered

    @property
    def full(self) -> frozenset[Position]:
        """Partitions with `buffer_max` records waiting."""
        if self._buffered < self._buffer_max:
            return frozenset()
        return frozenset(at for at, queue in self._queues.items() if len(queue) >= self._buffer_max)

    @property
    def held(self) -> dict[Position, int]:
        """How many records wait in each partition that has any."""
        return {at: len(queue) for at, queue in self._queues.items() if queue}

    def offer(self, records: Sequence[Record], now_ms: int) -> None:
        """Add what was read. A record before its position, or of no input, is a bug of the log."""
        for record in records:
            at = (record.topic, record.partition)
            queue = self._queues[at]
            last = queue[-1].record.offset + 1 if queue else self._taken[at]
            assert record.offset >= last, f"{record.topic}[{record.partition}] went back to {record.offset}"
            cause = None if record.topic == MARKET_SIGNALS else self._cause(record)
            queue.append(_Waiting(record=record, read_ms=now_ms, cause=cause))
        self._buffered += len(records)

    def take(self, limit: int, now_ms: int) -> list[Record]:
        """The next batch, at most `limit` records. `now_ms` is a monotonic clock's, only to end a wait."""
        batch: list[Record] = []
        for at, queue in self._queues.items():
            while queue and len(batch) < limit and not self._must_wait(queue[0], now_ms):
                record = queue.popleft().record
                self._taken[at] = record.offset + 1
                batch.append(record)
        self._buffered -= len(batch)
        return batch

    def _must_wait(self, waiting: _Waiting, now_ms: int) -> bool:
        if waiting.cause is None:
            return False
        partition, offset = waiting.cause
        read_to = self._taken.get((MARKET_SIGNALS, partition))
        if read_to is None or read_to > offset:  # a partition this loop does not read cannot come nearer
            return False
        return now_ms - waiting.read_ms < self._hold_ms
