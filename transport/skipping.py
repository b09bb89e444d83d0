"""A processor that passes by the records an operator signed away, into quarantine.

Skips are read when a process starts, before anything else: what has stopped it is passed by at its next
start, on whatever topic it stands, even where the skip itself could otherwise only be read behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from schemas.reasons import QuarantineReason
from schemas.topics import BY_NAME
from schemas.wire import SchemaIds
from transport.log import Effect, Output, Positions, Reader, Record
from transport.processor import Input, Processor
from transport.quarantine import quarantined

Place = tuple[str, int, int]  # base topic, partition, offset
Documents = Iterable[tuple[int, bytes | None]]  # records of topic `registry`: offset and value
Judge = Callable[[Documents, Iterable[bytes | None]], tuple[frozenset[Place], SchemaIds]]
DETAIL = "skipped by an operator's signature"


def place_of(record: Record) -> Place:
    """Where a record stood."""
    return record.topic, record.partition, record.offset


def tells(topic: str, shard: int) -> bool:
    """Whether this shard is the one to quarantine a record of `topic`.

    What every shard reads whole is found wrong by each of them alike, and said once.
    """
    known = BY_NAME.get(topic)
    return shard == 0 or known is None or known.sharded


class _Without:
    """A reader without the skipped records: a restore folds the registry, and must pass them by too."""

    def __init__(self, reader: Reader, places: frozenset[Place]) -> None:
        self._reader, self._places = reader, places

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        return self._reader.compacted(topic, partition)

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        for record in self._reader.records(topic, partition, start):
            if place_of(record) not in self._places:
                yield record


class Skipping:
    """Another processor, with skipped records taken out of its batches; not for one that keeps positions."""

    def __init__(self, inner: Processor, judge: Judge) -> None:
        assert not inner.keeps_positions, "its positions would not pass what it is never given"
        self._inner, self._judge = inner, judge
        self._places: frozenset[Place] = frozenset()
        self._ids = SchemaIds(ids={})
        self.name, self.shard = inner.name, inner.shard
        self.keeps_positions = False

    @property
    def inputs(self) -> tuple[Input, ...]:
        """As the processor inside has them."""
        return self._inner.inputs

    def restore(self, reader: Reader) -> Positions | None:
        """Read the skips, then the state."""
        documents = ((record.offset, record.value) for record in reader.records("registry", 0, 0))
        commands = (record.value for record in reader.records("control", 0, 0))
        self._places, self._ids = self._judge(documents, commands)
        return self._inner.restore(_Without(reader, self._places))

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """Fold what is not skipped."""
        if not self._places:
            return self._inner.step(batch, now)
        gone = [record for record in batch if place_of(record) in self._places]
        rest = [record for record in batch if place_of(record) not in self._places]
        told = [
            quarantined(
                record,
                QuarantineReason.SKIPPED,
                DETAIL,
                ids=self._ids,
                worker=f"{self.name}-{self.shard}",
                shard=self.shard,
                now=now,
            )
            for record in gone
            if tells(record.topic, self.shard)
        ]
        return [*told, *self._inner.step(rest, now)]

    def cause(self, record: Record) -> tuple[int, int] | None:
        """A skipped record waits for nothing."""
        return None if place_of(record) in self._places else self._inner.cause(record)

    def perform(self, effect: Effect) -> Sequence[Record]:
        """As the processor inside does it."""
        return self._inner.perform(effect)

    def closing(self, now: int) -> Sequence[Output]:
        """As the processor inside does it."""
        return self._inner.closing(now)
