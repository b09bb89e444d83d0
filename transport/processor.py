"""What runs on the loop: a pure `step` over batches, and how its inputs are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from transport.log import Effect, Output, Positions, Reader, Record


class Rank(IntEnum):
    """The order in which a batch is arranged; a lower rank is drained before the next one is begun."""

    CLOCK = 0
    REGISTRY = 1
    CONTROL = 2
    RECEIPTS = 3
    HUMAN = 4
    MARKS = 5
    FLOWS = 6
    PROPOSALS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Partitions of one topic (base name) that this shard reads."""

    topic: str
    partitions: tuple[int, ...]
    rank: Rank


class Processor(Protocol):
    """A remembering part.

    Its `step` MUST be a function of its state, the batch and `now`, and of nothing else.
    """

    @property
    def name(self) -> str:
        """`selector`, `arbiter`, `kernel`, `executor` or `watch`."""
        ...

    @property
    def shard(self) -> int:
        """The number of this shard: its partition in everything keyed by account."""
        ...

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it reads, in an order that settles ties between topics of one rank."""
        ...

    @property
    def keeps_positions(self) -> bool:
        """True if `restore` returns the positions (the kernel's ledger has them); else the loop does."""
        ...

    def restore(self, reader: Reader) -> Positions | None:
        """Rebuild the state. Missing positions mean offset 0, the beginning of a ledger."""
        ...

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """Fold a batch.

        `now` is in micros UTC and never goes back. An exception is a bug and stops the process.
        """
        ...

    def cause(self, record: Record) -> tuple[int, int] | None:
        """(partition, offset) of the `market.signals` record that must have been read before this one."""
        ...

    def perform(self, effect: Effect) -> Sequence[Record]:
        """Edge only: act on the world. The answers come back in the next batch under the topic `@effect`."""
        ...

    def closing(self, now: int) -> Sequence[Output]:
        """The last records of a clean stop; no effects."""
        ...
