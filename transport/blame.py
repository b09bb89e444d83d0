"""Where a bug was raised: topic, partition and offset, for people and for the supervisor."""

from __future__ import annotations

from collections.abc import Sequence

from transport.log import Record


class StepFailed(RuntimeError):
    """A bug in a processor. Names the first and the last record of what it was given."""

    def __init__(self, what: str, batch: Sequence[Record]) -> None:
        self.place = f"{_place(batch[0])} to {_place(batch[-1])}" if batch else "no record"
        super().__init__(f"{what}: {self.place}")


def _place(record: Record) -> str:
    return f"{record.topic}[{record.partition}]@{record.offset}"
