"""What the kernel answers: the ledger, followed from before a question until the answer stands in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from interlock.context import Context
from ledger.entry import Leaf, decode_entry
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import RefusalEntry
from transport.kafka_reader import KafkaTail
from transport.names import physical

ANSWER_S = 15.0  # a kernel answers in milliseconds; one that is starting needs some seconds
_PAUSE_S = 0.05


class Following:
    """One partition of the ledger, from its present end on. Open it before asking, and close it after."""

    def __init__(self, there: Context, partition: int = 0) -> None:
        group = physical(there.name, "interlock-console-follow")
        self.partition = partition
        self._tail = KafkaTail(there.settings(), there.name, group, "kernel.ledger", partition)
        self._tail.skip()

    def entries(self) -> Iterator[Leaf]:
        """Entries as they come, for at most ANSWER_S seconds; then the iterator ends."""
        deadline = time.monotonic() + ANSWER_S
        while True:
            for record in self._tail.fresh():
                if record.value is not None:
                    yield decode_entry(record.value)
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tail.close()


def refused_unsigned(leaf: Leaf, digest: bytes) -> int | None:
    """The reason, when an entry says that an envelope of this digest bound nobody; else None."""
    if leaf.kind != EntryKind.REFUSAL:
        return None
    entry = decode(RefusalEntry, leaf.body)
    return entry.reason if entry.digest == digest else None
