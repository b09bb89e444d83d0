"""The kernel on the loop: what it reads becomes entries, and nothing happens that is not one.

Its journal is its ledger: positions ride in BATCH entries, and a restart folds what was committed.
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel import opening
from kernel.checkpoints import CHECKPOINT_US, DEFER_STEPS, checkpoint, due, genesis_entries, idle_batch_due
from kernel.folds.batches import SIGNALS
from kernel.folds.curbs import something_ends
from kernel.folds.mandates import mandate_ends
from kernel.journal import LEDGER, Journal
from kernel.kept import segmented
from kernel.quotes import Quotes, folding_mark
from kernel.restart import resume, unread_skips
from kernel.snapshot import changes, hashes_of
from kernel.state.whole import Identity, Place, State
from kernel.step import Step
from ledger.chain import Head
from ledger.signing import Signer
from schemas.kinds import EntryKind
from schemas.models import EpochEntry, FlowOpened, Mark, Proposal
from schemas.wire import Refused
from transport.log import Effect, Output, Positions, Produce, Reader, Record, StateChange
from transport.processor import Input, Rank

SNAPSHOT_EVERY = 2_000  # entries: what a restart folds at most, besides reading the state itself
CODE = "1"


class Kernel:
    """One shard. log_signer signs checkpoints (KERNEL_LOG), intent_signer orders (KERNEL_INTENT)."""

    name = "kernel"
    keeps_positions = True

    def __init__(self, *, identity: Identity, log_signer: Signer, intent_signer: Signer) -> None:
        shard = identity.shard
        self.shard = shard
        self.inputs = (
            Input(topic="registry", partitions=(0,), rank=Rank.REGISTRY),
            Input(topic="control", partitions=(0,), rank=Rank.CONTROL),
            Input(topic="agents.manifest", partitions=(0,), rank=Rank.CONTROL),
            Input(topic="venue.receipts", partitions=(shard,), rank=Rank.RECEIPTS),
            Input(topic="human.decisions", partitions=(shard,), rank=Rank.HUMAN),
            Input(topic=SIGNALS, partitions=(0,), rank=Rank.MARKS),
            Input(topic="proposals", partitions=(shard,), rank=Rank.PROPOSALS),
        )
        self._log_signer, self._intent_signer = log_signer, intent_signer
        self.state = segmented(State(identity))
        self.head = Head(ledger=identity.ledger, partition=shard)
        self.quotes = Quotes()
        self._written: dict[bytes, bytes] = {}
        self._ledger_next = 0
        self._since = 0
        self._begun = False
        self._waited = 0
        self._deferred: list[Record] = []
        self._reads: dict[Place, int] = {}
        self._signed_away: frozenset[tuple[str, int, int]] = frozenset()

    def restore(self, reader: Reader) -> Positions | None:
        """Snapshot, entries after it, quotes that may still be asked for. Raises Diverged."""
        found = resume(self.state.identity, reader)
        self.state, self.head, self.quotes = found.state, found.head, found.quotes
        self._written, self._ledger_next, self._since = found.written, found.ledger_next, found.since
        self._signed_away = unread_skips(self.state, reader)
        return dict(self.state.core.positions) or None

    def cause(self, record: Record) -> tuple[int, int] | None:
        """The latest quote that a proposal's snapshot names."""
        if record.topic != "proposals" or self._skips(record):
            return None
        try:
            proposal = self.state.registry.schema_ids.unpack(Proposal, record.value)
        except Refused:
            return None
        flow = opening.read(proposal.flow, FlowOpened)
        views = () if flow is None else flow.snapshot.instruments
        offsets = [each.price_offset for each in views if each.price_offset is not None]
        return (0, max(offsets)) if offsets else None

    def perform(self, effect: Effect) -> Sequence[Record]:
        """Never called: the kernel acts by records alone."""
        raise AssertionError(f"the kernel has no effect {effect.name}")

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """One transaction: a CHECKPOINT of its own, or BATCH and everything the records became."""
        now = max(now, self.state.now)  # a wall clock may have been set back while nobody ran
        if self.state.core.closed:
            return self._closed()
        records = [*self._deferred, *batch]
        self._deferred = []
        if due(self.state, now, self._log_signer):
            self._waited += 1
            if not records and not self._something_ended(now) and self._begun:
                return self._checkpoint()
            if self._waited > DEFER_STEPS and self._begun:
                self._deferred = records  # under load they wait for one step: a CHECKPOINT stands alone
                return self._checkpoint()
        return self._transact(records, now)

    def _closed(self) -> Sequence[Output]:
        """After CLOSE comes its CHECKPOINT and nothing more: what is still sent here is the next ledger's."""
        uncovered = due(self.state, self.state.now + CHECKPOINT_US, self._log_signer)
        return self._checkpoint() if uncovered else ()

    def closing(self, now: int) -> Sequence[Output]:
        """What is uncovered is covered, and the state written as it stands."""
        if not self._begun:
            return ()
        covered = not due(self.state, self.state.now + CHECKPOINT_US, self._log_signer)
        outputs: list[Output] = [] if covered else list(self._checkpoint())
        return [*outputs, *self._snapshot()]

    def _transact(self, records: Sequence[Record], now: int) -> Sequence[Output]:
        split = self._registry_first(records)
        folded = self._market(split, now)
        acted = [record for record in split if record.topic != SIGNALS or self._skips(record)]
        something = acted or folded or self._something_ended(now) or idle_batch_due(self.state, now)
        if self._begun and not something:
            return ()
        journal = Journal(self.state, self.head)
        if self.head.seq == 0:
            for kind, body in genesis_entries(self.state.identity, self.inputs):
                journal.add(kind, body)
        step = Step(state=self.state, journal=journal, quotes=self.quotes, signer=self._intent_signer)
        index = step.begin(now, self._reads, list(folded.values()))
        self._reads = {}
        if not self._begun:
            epoch = EpochEntry(shard=self.shard, epoch=self.state.core.epoch + 1, code=CODE)
            journal.add(EntryKind.EPOCH, epoch)
            self._begun = True
        step.end_overdue()
        for record in acted:
            step.take(record, skips=self._skips(record))
        step.close(index)
        self.head, entries = journal.closed()
        self._count(len(entries))
        outputs: list[Output] = [*entries, *step.outputs]
        return [*outputs, *self._snapshot()] if self._since >= SNAPSHOT_EVERY else outputs

    def _registry_first(self, records: Sequence[Record]) -> list[Record]:
        """Grants of this batch are folded before anything that may need them is read."""
        grants = [record for record in records if record.topic == "registry"]
        if grants and len(grants) < len(records):
            self._deferred = [record for record in records if record.topic != "registry"]
            records = grants
        for record in records:
            self._reads[(record.topic, record.partition)] = record.offset + 1
        return list(records)

    def _market(self, records: Sequence[Record], now: int) -> dict[tuple[int, int], Mark]:
        """Read the quotes; those that fold as marks, in order."""
        latest: dict[str, Mark] = {}
        folded: dict[tuple[int, int], Mark] = {}
        for record in records:
            if record.topic != SIGNALS or self._skips(record):
                continue
            found = self.quotes.read(record, self.state.registry.schema_ids, now)
            mark = None if found is None else folding_mark(self.state, latest, *found)
            if mark is not None:
                latest[mark.instrument] = folded[(mark.partition, mark.offset)] = mark
        self.quotes.forget(now)
        return folded

    def _skips(self, record: Record) -> bool:
        """Whether an operator signed this record away: folded, or read at the start that it had stopped."""
        place = (record.topic, record.partition, record.offset)
        return place in self._signed_away or place in self.state.core.skips

    def _something_ended(self, now: int) -> bool:
        """Whether time alone has something to say: a flow or a mandate ran out, a halt is over."""
        core = self.state.core
        if core.expiries and core.expiries[0][0] < now:
            return True
        return mandate_ends(self.state, now) or something_ends(self.state, now)

    def _checkpoint(self) -> list[Output]:
        self._waited = 0
        self.head, value = checkpoint(self.state, self.head, self._log_signer)
        self._count(1)
        return [Produce(topic=LEDGER, partition=self.shard, key=None, value=value)]

    def _snapshot(self) -> list[StateChange]:
        out = changes(self.state, self.head, self._ledger_next, self._written)
        for change in out:
            self._written.pop(change.key, None)
        self._written |= hashes_of({each.key: each.value for each in out if each.value is not None})
        self._since = 0
        return out

    def _count(self, entries: int) -> None:
        """Every entry takes at least one offset, so this stays at or before the next one's."""
        self._since += entries
        self._ledger_next += entries
