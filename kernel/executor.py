"""The executor: acts on the kernel's signed orders, once each, and owes every one a final receipt.

An attempt is on record before the venue is called, and the venue knows the client order id: whatever dies in
between, the restart asks the venue first and sends only what it never saw. A restarted executor has a higher
epoch, and the venue obeys no lower one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from kernel.executor_orders import Orders, Said
from kernel.executor_state import ExecutorState
from kernel.executor_words import ABSENT, AWAY, DOUBT, RECONCILE, TAKE_BACK, order_of, receipt_of
from kernel.venues.venue import Venue, VenueAway, VenueOrder, VenueSuperseded
from ledger.envelope import opened, seal, signed_by, well_formed
from ledger.hashes import shard_of
from ledger.intents import client_order_id
from ledger.registry import Registry, RegistryRefused
from ledger.signing import Signer
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import DocumentKind, Envelope, KernelIntent
from schemas.reasons import QuarantineReason
from schemas.wire import Refused, unframed
from transport.kill_points import KillPoint, reached
from transport.log import Effect, Fenced, Output, Positions, Produce, Reader, Record
from transport.names import EFFECT
from transport.processor import Input, Rank
from transport.quarantine import quarantined


class Executor:
    """A processor on the loop. ``venue`` is called by ``perform`` alone."""

    name = "executor"
    keeps_positions = False

    def __init__(
        self, *, ledger: bytes, root: bytes, shard: int, signer: Signer, venue: Venue, shards: int = 1
    ) -> None:
        self.shard, self._shards = shard, shards
        self.inputs = (
            Input(topic="registry", partitions=(0,), rank=Rank.REGISTRY),
            Input(topic="kernel.intents", partitions=(shard,), rank=Rank.PROPOSALS),
        )
        self._ledger, self._signer, self._venue = ledger, signer, venue
        self.registry = Registry(root)
        self._orders = Orders(ExecutorState())
        self._taken_over = False
        self._answers = 0

    @property
    def state(self) -> ExecutorState:
        """Orders under way and keys that are done."""
        return self._orders.state

    def restore(self, reader: Reader) -> Positions | None:
        """Attempts without a final receipt come back from the state; keys from the registry itself."""
        for record in reader.records("registry", 0, 0):
            self._grant(record)
        self._orders = Orders(ExecutorState.read(reader.compacted("executor.state", self.shard)))
        return None

    def cause(self, record: Record) -> tuple[int, int] | None:
        """An order waits for nothing: the kernel has judged it."""
        return None

    def closing(self, now: int) -> Sequence[Output]:
        """Every change was written with its transaction."""
        return ()

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """Answers become receipts, orders attempts; what is to be taken back is never sent after that."""
        outputs: list[Output] = []
        said: list[Said] = []
        if not self._taken_over:
            self._taken_over = True
            self.state.next_epoch()
        for record in batch:
            if record.topic == "registry":
                self._grant(record)
            elif record.topic == EFFECT:
                said += self._orders.answered(record.key or b"", record.value or b"", now)
        found = [self._order(record, outputs, now) for record in batch if record.topic == "kernel.intents"]
        orders = [order for order in found if order is not None]
        for envelope, intent in orders:
            if intent.cancels is None:
                self._orders.take(intent.key, envelope)
        for _, intent in orders:
            if intent.cancels is not None:
                said += self._orders.take_back(intent.cancels)
        effects: list[Output] = []
        for each in self._orders.due(now, idle=not batch):
            if isinstance(each, Effect):
                effects.append(each)
            else:
                said.append(each)
        receipts = [self._receipt(each, now) for each in said]
        return [*outputs, *self.state.changes(), *receipts, *effects]

    def perform(self, effect: Effect) -> Sequence[Record]:
        """Edge: ask the venue. One that is away leaves the attempt open; it is asked again.

        Raises Fenced when the venue has heard of a newer executor: this one may do nothing more.
        """
        key = effect.payload
        reached(KillPoint.BEFORE_VENUE)
        try:
            value = self._asked(effect.name, key)
        except VenueAway:
            value = AWAY
        except VenueSuperseded as error:
            raise Fenced(f"{self.name}-{self.shard}: {error}") from error
        reached(KillPoint.AFTER_VENUE)
        self._answers += 1
        return [Record(topic=EFFECT, partition=0, offset=self._answers, key=key, value=value)]

    def _asked(self, name: str, key: bytes) -> bytes:
        client_id, epoch = client_order_id(key), self.state.epoch
        if name == TAKE_BACK:
            answer = self._venue.cancel(client_id, epoch)
            return ABSENT if answer is None else answer.raw()
        if name == RECONCILE:
            known = self._venue.query(client_id)
            if known is not None:
                return known.raw()
            if not self._venue.deduplicates:
                return DOUBT  # it may have been sent and be on its way: a second one could double it
            reached(KillPoint.BETWEEN_ASKING)
        return self._venue.place(self._venue_order(self.state.open[key].intent())).raw()

    def _grant(self, record: Record) -> None:
        try:
            self.registry.fold(record.offset, unframed(Envelope, record.value))
        except (Refused, RegistryRefused):
            return  # the kernel writes the refusal down; here it is simply no grant

    def _order(self, record: Record, outputs: list[Output], now: int) -> tuple[Envelope, KernelIntent] | None:
        try:
            envelope = self.registry.schema_ids.unpack(Envelope, record.value)
            intent = opened(envelope, KernelIntent)
        except Refused as refused:
            outputs.append(self._quarantine(record, refused.reason, refused.detail, now))
            return None
        except Unreadable as error:
            outputs.append(self._quarantine(record, QuarantineReason.UNREADABLE, str(error), now))
            return None
        if not self._is_the_kernels(envelope):
            outputs.append(self._quarantine(record, QuarantineReason.BAD_SIGNATURE, "not the kernel's", now))
            return None
        if intent.ledger != self._ledger:
            outputs.append(self._quarantine(record, QuarantineReason.WRONG_LEDGER, intent.ledger.hex(), now))
            return None
        if shard_of(intent.account, self._shards) != self.shard:
            # Its own executor acts on it; this one knows nothing of what that has sent.
            detail = f"{intent.account} is not of shard {self.shard}"
            outputs.append(self._quarantine(record, QuarantineReason.WRONG_KEY, detail, now))
            return None
        return envelope, intent

    def _is_the_kernels(self, envelope: Envelope) -> bool:
        names = [each.keyid for each in envelope.signatures] if well_formed(envelope) else []
        keys = [self.registry.keys.valid(name, Role.KERNEL_INTENT, self.registry.seq) for name in names]
        return any(key is not None and signed_by(envelope, key.public) for key in keys)

    def _venue_order(self, intent: KernelIntent) -> VenueOrder:
        body = self.registry.body(DocumentKind.INSTRUMENT, intent.instrument)
        assert body is not None, "the kernel accepts no instrument that is not registered"
        return order_of(intent, Decimal(json.loads(body)["lot"]), self.state.epoch)

    def _receipt(self, said: Said, now: int) -> Produce:
        reached(KillPoint.BEFORE_RECEIPT)
        receipt = receipt_of(self._ledger, self._venue.name, said.attempt, said.answer, said.status, now)
        value = self.registry.schema_ids.pack(seal(receipt, self._signer))
        key = receipt.account.encode()
        return Produce(topic="venue.receipts", partition=self.shard, key=key, value=value)

    def _quarantine(self, record: Record, reason: QuarantineReason, detail: str, now: int) -> Produce:
        ids = self.registry.schema_ids
        return quarantined(record, reason, detail, ids=ids, worker=self.name, shard=self.shard, now=now)
