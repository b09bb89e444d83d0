"""Where a restarted loop goes on: positions are part of the state and stand in its own compacted topic.

Group offsets are committed too, but those of quiet partitions expire, so they only show progress to
outsiders.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from transport.log import Positions, Reader, Record
from transport.names import state_topic
from transport.processor import Processor

KEY = b"positions"


def encoded(positions: Positions) -> bytes:
    """Compact sorted JSON: [[topic, partition, next offset], ...]."""
    rows = sorted([topic, partition, offset] for (topic, partition), offset in positions.items())
    return json.dumps(rows, separators=(",", ":")).encode()


def decoded(value: bytes) -> Positions:
    """The inverse of `encoded`. Raises ValueError: the loop wrote it, so anything else is damage."""
    rows = json.loads(value)
    positions = {(str(topic), int(partition)): int(offset) for topic, partition, offset in rows}
    if encoded(positions) != value:
        raise ValueError("the saved positions do not re-encode to themselves")
    return positions


def restore(processor: Processor, reader: Reader) -> Positions:
    """Let the processor rebuild itself, and find out where to read on. Missing inputs start at 0."""
    if processor.keeps_positions:
        return processor.restore(reader) or {}
    once = _StateOnce(reader, state_topic(processor.name), processor.shard)
    first = processor.restore(once) or {}
    saved = once.positions()
    return {**first, **decoded(saved)} if saved is not None else first


class _StateOnce:
    """Reads the state topic once for both, and keeps the loop's own record from the processor."""

    def __init__(self, reader: Reader, topic: str, shard: int) -> None:
        self._reader = reader
        self._at = (topic, shard)
        self._state: dict[bytes, bytes] | None = None

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        if (topic, partition) != self._at:
            return self._reader.compacted(topic, partition)
        return {key: value for key, value in self._whole().items() if key != KEY}

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        return self._reader.records(topic, partition, start)

    def positions(self) -> bytes | None:
        return self._whole().get(KEY)

    def _whole(self) -> dict[bytes, bytes]:
        if self._state is None:
            self._state = self._reader.compacted(*self._at)
        return self._state
