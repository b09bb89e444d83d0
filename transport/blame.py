"""Where a bug was raised: topic, partition and offset, for people and for the supervisor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from transport.log import LogError, Record


class StepFailed(RuntimeError):
    """A bug in a processor. Names the record it was given, or of several the first and the last.

    until: per partition the offset behind the last of them. A restart takes one record at a time up to
    there, so that the next stop names exactly one.
    """

    def __init__(self, what: str, batch: Sequence[Record]) -> None:
        named = [_place(record) for record in batch]
        self.place = " to ".join(dict.fromkeys((named[0], named[-1]))) if named else "no record"
        self.until = {(record.topic, record.partition): record.offset + 1 for record in batch}
        super().__init__(f"{what}: {self.place}")


@contextmanager
def blaming(what: str, batch: Sequence[Record]) -> Iterator[None]:
    """The outermost catch of the loop: whatever a processor raises becomes the place where it was raised.

    A LogError is no bug: an effect that finds a newer process at work ends this one.
    """
    try:
        yield
    except LogError:
        raise
    except Exception as error:
        raise StepFailed(what, batch) from error


def _place(record: Record) -> str:
    return f"{record.topic}[{record.partition}]@{record.offset}"
