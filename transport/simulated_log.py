"""The `Log` port in memory, with a place to die between any two calls.

It passes the contract test that Kafka passes (`tests/contract`), so what a campaign finds on it counts for
the rails.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from transport.kill_points import KillPoint, reached
from transport.log import Position, Positions, Produce, Record
from transport.names import LIVE, group_id, transactional_id
from transport.simulated_broker import SimulatedBroker

Fault = Callable[[str], None]  # told the point that is reached; raises whatever should happen there


def _none(_: str) -> None:
    """No fault."""


class SimulatedLog:
    """Implements `transport.log.Log` on a SimulatedBroker.

    fault: called at `init`, `assign`, `read`, `poll`, `begin`, `produce` (before each), `offsets`, `commit`
    and `committed`; raising at the last is an answer lost after success.
    rng: if given, the partitions and amounts of each poll are drawn from it; else they go in sorted order.
    idle: called when a poll found nothing, with how long it waited. waits: whether that moves the broker's
    time; a simulation of several processes moves it itself.
    withheld: partitions that answer nothing now (their leader is away, a fetch is slow).
    committed: whether reading is read_committed; no loop of ours reads otherwise.
    """

    def __init__(
        self,
        broker: SimulatedBroker,
        processor: str,
        shard: int,
        *,
        fault: Fault = _none,
        rng: random.Random | None = None,
        idle: Callable[[int], None] | None = None,
        waits: bool = True,
        withheld: Callable[[Position], bool] | None = None,
        committed: bool = True,
    ) -> None:
        self._broker = broker
        self._id = transactional_id(LIVE, processor, shard)
        self._group = group_id(LIVE, processor, shard)
        self._fault, self._rng, self._idle, self._waits = fault, rng, idle, waits
        self._withheld, self._committed = withheld, committed
        self._epoch = -1
        self._next: dict[Position, int] = {}

    def init(self) -> None:
        """A new epoch; the predecessor's open transaction is aborted."""
        self._fault("init")
        self._epoch = self._broker.fence(self._id)

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        """The last value of every key, tombstones removed; records without a key are no state."""
        last = {record.key: record.value for record in self.records(topic, partition, 0)}
        return {key: value for key, value in last.items() if key is not None and value is not None}

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        """Committed records from `start`, or the first one kept, to the present end."""
        self._fault("read")
        at = (topic, partition)
        end = self._broker.end(at)
        found, _ = self._broker.read(at, min(max(start, self._broker.low(at)), end), end)
        yield from found

    def assign(self, positions: Positions) -> None:
        """Read from here."""
        self._fault("assign")
        self._next = dict(positions)

    def poll(self, limit: int, wait_ms: int, full: AbstractSet[Position]) -> list[Record]:
        """What is there, at once; if nothing is, time moves on by `wait_ms`."""
        self._fault("poll")
        wanted = sorted(self._next.keys() - full)
        if self._withheld is not None:
            wanted = [at for at in wanted if not self._withheld(at)]
        if self._rng is not None:
            self._rng.shuffle(wanted)
            limit = self._rng.randint(1, limit)
        records: list[Record] = []
        for at in wanted:
            left = limit - len(records)
            found, self._next[at] = self._broker.read(at, self._next[at], left, committed=self._committed)
            records.extend(found)
        if not records:
            if self._waits:
                self._broker.now_ms += wait_ms
            if self._idle is not None:
                self._idle(wait_ms)
        return records

    def transact(self, produces: Sequence[Produce], positions: Positions) -> None:
        """One transaction, with a place to die before each of its calls and after the last."""
        self._fault("begin")
        reached(KillPoint.BEFORE_BEGIN)
        self._broker.begin(self._id, self._epoch)
        reached(KillPoint.BEGUN)
        for produce in produces:
            self._fault("produce")
            self._broker.produce(self._id, self._epoch, produce)
            reached(KillPoint.PRODUCED)
        self._fault("offsets")
        reached(KillPoint.BEFORE_OFFSETS)
        self._fault("commit")
        reached(KillPoint.AFTER_OFFSETS)
        reached(KillPoint.BEFORE_COMMIT)
        self._broker.commit(self._id, self._epoch, self._group, positions)
        reached(KillPoint.AFTER_COMMIT)
        self._fault("committed")

    def behind(self) -> frozenset[Position]:
        """Partitions with something left to read."""
        return frozenset(at for at, offset in self._next.items() if offset < self._broker.end(at))

    def is_fenced(self) -> bool:
        """Whether a newer process has taken over; no real one can know before it writes."""
        return self._broker.is_fenced(self._id, self._epoch)

    def close(self) -> None:
        """Nothing to let go of: an open transaction stays open until the successor's `init`."""
