"""The `Log` port: what a loop needs of Kafka, and no more.

Topics here carry their base names; the ledger's prefix is put on and taken off inside an implementation, so
that no processor can tell a demo from a live ledger. `transport.kafka_log` and `transport.simulated_log`
implement it, and one contract test holds for both.

    LogError
    ├── Fenced           another process holds this transactional id: terminal, whatever the flags say
    ├── OutcomeUnknown   a transaction may or may not have been committed: only a restart may look
    ├── PositionLost     a position the broker no longer has: data was lost or a topic was made anew
    └── Refused          the broker refuses by right or by size: a restart will not help
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

Position = tuple[str, int]  # (base topic, partition)
Positions = Mapping[Position, int]  # the next offset to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One committed record. `timestamp_ms` is the broker's append time and decides nothing."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Produce:
    """A record to be written to an explicit partition: no partitioner has a say in where an account lives."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A change of the processor's own compacted `<name>.state` at partition = shard; None removes the key."""

    key: bytes
    value: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something to be done in the world, performed by the edge after the commit that recorded the attempt."""

    name: str
    payload: bytes


Output = Produce | StateChange | Effect


class LogError(RuntimeError):
    """The log cannot go on in this process; the committed truth is intact."""


class Fenced(LogError):
    """A newer process of the same name and shard has taken over."""


class OutcomeUnknown(LogError):
    """An open transaction failed or was not answered; nothing may be repaired in memory."""


class PositionLost(LogError):
    """A position lies outside what the broker keeps."""


class Refused(LogError):
    """Not authorised, no such topic, or a record over the limit."""


class Reader(Protocol):
    """What `restore` may use: read_committed, and bounded by the end as it is when the call starts."""

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        """The last value of every key, tombstones removed."""
        ...

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        """Every committed record from offset `start` (or the first one kept, if later) to the present end."""
        ...


class Log(Reader, Protocol):
    """A reader that also has inputs and can write atomically, as one owner among fenced predecessors."""

    def init(self) -> None:
        """Fence every predecessor and end its open transaction. MUST come before anything is read."""
        ...

    def assign(self, positions: Positions) -> None:
        """Read these partitions from these offsets; MUST be called once, after `init`."""
        ...

    def poll(self, limit: int, wait_ms: int, full: AbstractSet[Position]) -> list[Record]:
        """At most `limit` records, none of the partitions in `full`; waits `wait_ms` for the first only."""
        ...

    def transact(self, produces: Sequence[Produce], positions: Positions) -> None:
        """Write all of it and the group's offsets, or nothing. Raises Fenced, OutcomeUnknown or Refused."""
        ...

    def behind(self) -> frozenset[Position]:
        """Assigned partitions not known to be read to their end; a hint for probes, never waited for."""
        ...

    def close(self) -> None:
        """Let go. MUST NOT wait for, abort or commit an open transaction: the successor's `init` ends it."""
        ...
