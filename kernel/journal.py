"""One transaction's entries: each is folded when it is made, all are chained when the step ends."""

from __future__ import annotations

from typing import Any

from kernel.fold import fold
from kernel.state.whole import State
from ledger.chain import Head
from schemas.kinds import EntryKind
from transport.log import Produce

LEDGER = "kernel.ledger"


class Journal:
    """Entries of one step, in order. ``head`` is the chain's before them."""

    def __init__(self, state: State, head: Head) -> None:
        self.state = state
        self._head = head
        self._entries: list[tuple[EntryKind, Any]] = []

    @property
    def seq(self) -> int:
        """The sequence of the next entry."""
        return self.state.core.seq

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, kind: EntryKind, body: Any) -> int:
        """Fold an entry and keep it; its sequence. Raises what ``fold`` raises, and then nothing is kept."""
        seq = self.seq
        fold(self.state, kind, body, seq)
        self._entries.append((kind, body))
        return seq

    def body(self, index: int) -> Any:
        """The body of an entry made in this step."""
        return self._entries[index][1]

    def amend(self, index: int, body: Any) -> None:
        """Put another body in its place: a count that no fold looks at is known at the end only."""
        self._entries[index] = (self._entries[index][0], body)

    def closed(self) -> tuple[Head, list[Produce]]:
        """The head after, and the records of `kernel.ledger`."""
        head, produces = self._head, []
        for kind, body in self._entries:
            head, value = head.append(kind, body, self.state.core.now)
            produces.append(Produce(topic=LEDGER, partition=head.partition, key=None, value=value))
        assert head.seq == self.state.core.seq, "chain and state grow together"
        return head, produces
