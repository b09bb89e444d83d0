"""The executor: acts on the kernel's signed orders, once each, and owes every one a final receipt.

An attempt is on record before the venue is called, and the venue knows the client order id: whatever dies in
between, the restart asks the venue first and sends only what it never saw.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from kernel.executor_state import Attempt, ExecutorState
from kernel.executor_words import FINAL, order_of, receipt_of
from kernel.venues.venue import Venue, VenueAnswer, VenueAway, VenueOrder, answer_of
from ledger.envelope import opened, seal, signed_by, well_formed
from ledger.intents import client_order_id
from ledger.registry import Registry, RegistryRefused
from ledger.signing import Signer
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import (
    Action,
    DocumentKind,
    Envelope,
    KernelIntent,
    ReceiptStatus,
)
from schemas.reasons import QuarantineReason
from schemas.wire import Refused, unframed
from transport.log import Effect, Output, Positions, Produce, Reader, Record
from transport.names import EFFECT
from transport.processor import Input, Rank
from transport.quarantine import quarantined

AWAY_US = 1_000_000  # a venue that is away is asked again after a second, on the same key
PLACE, RECONCILE, CANCEL = "place", "reconcile", "cancel"


class Executor:
    """A processor on the loop. ``venue`` is called by ``perform`` alone."""

    name = "executor"
    keeps_positions = False

    def __init__(self, *, ledger: bytes, root: bytes, shard: int, signer: Signer, venue: Venue) -> None:
        self.shard = shard
        self.inputs = (
            Input(topic="registry", partitions=(0,), rank=Rank.REGISTRY),
            Input(topic="kernel.intents", partitions=(shard,), rank=Rank.PROPOSALS),
        )
        self._ledger, self._signer, self._venue = ledger, signer, venue
        self.registry = Registry(root)
        self.state = ExecutorState()
        self._reconciled = False
        self._answers = 0
        self._due: dict[bytes, int] = {}  # attempts without an answer: when to ask again

    def restore(self, reader: Reader) -> Positions | None:
        """Attempts without a final receipt come back from the state; keys from the registry itself."""
        for record in reader.records("registry", 0, 0):
            self._grant(record)
        self.state = ExecutorState.read(reader.compacted("executor.state", self.shard))
        return None

    def cause(self, record: Record) -> tuple[int, int] | None:
        """An order waits for nothing: the kernel has judged it."""
        return None

    def closing(self, now: int) -> Sequence[Output]:
        """Every change was written with its transaction."""
        return ()

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """Orders become attempts, answers become receipts; cancels first, so that they overtake."""
        outputs: list[Output] = []
        if not self._reconciled:
            self._reconciled = True
            outputs += self._take_over()
        for key in sorted(key for key, due in self._due.items() if due <= now):
            del self._due[key]
            outputs += [self.state.again(key), Effect(name=RECONCILE, payload=key)]
        for record in batch:
            if record.topic == "registry":
                self._grant(record)
            elif record.topic == EFFECT:
                outputs += self._answered(record, now)
        orders = [self._order(record, outputs, now) for record in batch if record.topic == "kernel.intents"]
        there = [order for order in orders if order is not None]
        there.sort(key=lambda order: order[1].action is not Action.CANCEL)
        taken_back = {intent.cancels for _, intent in there if intent.action is Action.CANCEL}
        for envelope, intent in there:
            outputs += self._act(envelope, intent, now, overtaken=intent.key in taken_back)
        return outputs

    def perform(self, effect: Effect) -> Sequence[Record]:
        """Edge: ask the venue. One that is away leaves the attempt open; it is asked again."""
        key = effect.payload
        attempt = self.state.open[key]
        client_id = client_order_id(key)
        try:
            if effect.name == CANCEL:
                answer = self._venue.cancel(client_id)
            else:
                known = self._venue.query(client_id) if effect.name == RECONCILE else None
                answer = known or self._venue.place(self._venue_order(attempt.intent()))
        except VenueAway:
            answer = None
        value = b"" if answer is None else answer.raw()
        self._answers += 1
        return [Record(topic=EFFECT, partition=0, offset=self._answers, key=key, value=value)]

    def _take_over(self) -> list[Output]:
        """A new epoch, and a question to the venue for every attempt that has no final receipt."""
        outputs: list[Output] = [self.state.next_epoch()]
        for key in sorted(self.state.open):
            outputs += [self.state.again(key), Effect(name=RECONCILE, payload=key)]
        return outputs

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
        return envelope, intent

    def _is_the_kernels(self, envelope: Envelope) -> bool:
        names = [each.keyid for each in envelope.signatures] if well_formed(envelope) else []
        keys = [self.registry.keys.valid(name, Role.KERNEL_INTENT, self.registry.seq) for name in names]
        return any(key is not None and signed_by(envelope, key.public) for key in keys)

    def _act(self, envelope: Envelope, intent: KernelIntent, now: int, *, overtaken: bool) -> list[Output]:
        if self.state.knows(intent.key):
            return []  # a redelivered order: its one attempt stands
        if intent.action is Action.CANCEL and intent.cancels is not None:
            return [Effect(name=CANCEL, payload=intent.cancels)] if intent.cancels in self.state.open else []
        if overtaken or now > intent.valid_until:
            status = ReceiptStatus.NOT_SENT if overtaken else ReceiptStatus.EXPIRED
            attempt = Attempt(envelope=envelope, number=0)
            return [*self.state.finish(intent.key), self._receipt(attempt, None, status, now)]
        return [self.state.begin(intent.key, envelope), Effect(name=PLACE, payload=intent.key)]

    def _answered(self, record: Record, now: int) -> list[Output]:
        key = record.key or b""
        attempt = self.state.open.get(key)
        if attempt is None:
            return []
        if not record.value:
            if now <= attempt.intent().valid_until:
                self._due[key] = now + AWAY_US
                return []
            return [*self.state.finish(key), self._receipt(attempt, None, ReceiptStatus.UNKNOWN, now)]
        answer = answer_of(record.value)
        receipt = self._receipt(attempt, answer, answer.status, now)
        return [*self.state.finish(key), receipt] if answer.status in FINAL else [receipt]

    def _venue_order(self, intent: KernelIntent) -> VenueOrder:
        body = self.registry.body(DocumentKind.INSTRUMENT, intent.instrument)
        assert body is not None, "the kernel accepts no instrument that is not registered"
        return order_of(intent, Decimal(json.loads(body)["lot"]))

    def _receipt(
        self, attempt: Attempt, answer: VenueAnswer | None, status: ReceiptStatus, now: int
    ) -> Produce:
        receipt = receipt_of(self._ledger, self._venue.name, attempt, answer, status, now)
        value = self.registry.schema_ids.pack(seal(receipt, self._signer))
        key = receipt.account.encode()
        return Produce(topic="venue.receipts", partition=self.shard, key=key, value=value)

    def _quarantine(self, record: Record, reason: QuarantineReason, detail: str, now: int) -> Produce:
        ids = self.registry.schema_ids
        return quarantined(record, reason, detail, ids=ids, worker=self.name, shard=self.shard, now=now)
