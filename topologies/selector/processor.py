"""The selector on the loop: a record gives features, a flow, a note or a quarantine record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ledger.signing import Signer
from schemas.models import AccountViewRecord, VerdictRecord
from schemas.wire import Refused
from topologies.selector.admission import Admission
from topologies.selector.answers import answer, submitted, window_of
from topologies.selector.bounds import REOPEN_STEPS
from topologies.selector.faults import unreadable
from topologies.selector.opener import Opener
from topologies.selector.seen import Seen
from topologies.selector.state import NAME, State
from transport.log import Effect, Output, Positions, Produce, Reader, Record
from transport.processor import Input, Rank


class Selector:
    """One shard. ``root_public``: the ledger's root key; ``signer`` holds the key of role SELECTOR."""

    name = NAME
    keeps_positions = False

    def __init__(
        self,
        *,
        ledger: bytes,
        root_public: bytes,
        shards: int,
        shard: int,
        signer: Signer,
        seen: Seen | None = None,
    ) -> None:
        self.shard = shard
        self.state = State(root_public=root_public, seen=seen)
        self.inputs = (
            Input(topic="registry", partitions=(0,), rank=Rank.REGISTRY),
            Input(topic="accounts.view", partitions=(shard,), rank=Rank.RECEIPTS),
            Input(topic="kernel.verdicts", partitions=(shard,), rank=Rank.RECEIPTS),
            Input(topic="market.signals", partitions=(0,), rank=Rank.MARKS),
            Input(topic="instructions", partitions=(shard,), rank=Rank.FLOWS),
        )
        self._signer = signer
        self._opener = Opener(self.state, ledger=ledger, shard=shard, signer=signer)
        self._door = Admission(self.state, self._opener, ledger=ledger, shards=shards, shard=shard)
        self._reopening_steps = 0  # since a re-opening was first due; forgotten in a restart

    def restore(self, reader: Reader) -> Positions | None:
        """Rebuild the state; the loop keeps the positions."""
        self.state.restore(reader, self.shard)
        return None

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """Fold a batch; ``now`` in micros UTC."""
        outputs: list[Output] = []
        self.state.seen.forget(now)
        for record in (*self.state.early.due(now), *batch):
            outputs += self._fold(record, now)
        outputs += self._reopened(now, idle=not batch)
        outputs += self._unanswered(now)
        outputs += self.state.changes()
        return outputs

    def cause(self, record: Record) -> tuple[int, int] | None:
        """None: no input of the selector names an offset it would have to wait for."""
        return None

    def perform(self, effect: Effect) -> Sequence[Record]:
        """Never called: the selector acts on nothing but topics."""
        raise AssertionError(f"the selector has no effect {effect.name}")

    def closing(self, now: int) -> Sequence[Output]:
        """Nothing: every step has written its own state."""
        return ()

    def _fold(self, record: Record, now: int) -> Iterator[Produce]:
        state = self.state
        match record.topic:
            case "registry":
                if not state.directory.fold(record):
                    state.notebook.count("registry:refused")
                state.registry_read(record.offset)
            case "market.signals":
                yield from self._door.signal(record, now)
            case "instructions":
                yield from self._door.instruction(record, now)
            case _:
                yield from self._published(record, now)

    def _published(self, record: Record, now: int) -> Iterator[Produce]:
        """What the kernel wrote; only it may, and still nothing unreadable is believed."""
        wanted: type[Any] = {"accounts.view": AccountViewRecord, "kernel.verdicts": VerdictRecord}[
            record.topic
        ]
        state = self.state
        try:
            message = state.directory.registry.schema_ids.unpack(wanted, record.value)
        except Refused as error:
            yield from self._door.refuse(record, unreadable(error), now)
            return
        if isinstance(message, AccountViewRecord):
            state.accounts.take_view(message)
            state.children.take_view(message.view)
        else:
            assert isinstance(message, VerdictRecord)
            state.accounts.take_verdict(message, window_of(message, state.directory))
            answer(message, state.flows, state.directory, now)

    def _reopened(self, now: int, *, idle: bool) -> Iterator[Produce]:
        """Open the next attempts, once the views that were committed with the refusals have surely been read.

        View and verdict stand on two topics, so one may be read a step before the other; a snapshot must not
        depend on which.
        """
        due = self.state.flows.reopening()
        if not due:
            return
        self._reopening_steps += 1
        if not idle and self._reopening_steps <= REOPEN_STEPS:
            return
        self._reopening_steps = 0
        for one in due:
            yield self._opener.reopen(one, now)

    def _unanswered(self, now: int) -> Iterator[Produce]:
        """Say NO_ANSWER once for an attempt past its time; forget the flow when even the kernel is done."""
        state = self.state
        ids = state.directory.registry.schema_ids
        for one in state.flows.overdue(now):
            if one.reported or one.reopens:
                state.flows.drop(one.flow.dfid)
                continue
            state.flows.mark(one.flow.dfid, reported=True)
            state.notebook.count(f"no_answer:{one.flow.lane.value}")
            yield submitted(one, self._signer, ids, self.shard, now)
