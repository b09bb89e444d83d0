"""From a record to a trigger: what passes gives features and flows, what does not is quarantined by name."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from ledger.hashes import shard_of
from rules.routing import facts_of_instruction, facts_of_signal, kind_of
from schemas.codec import encode
from schemas.models import MarketSignal, News, Timer, Trigger
from schemas.reasons import QuarantineReason
from topologies.selector.faults import Fault
from topologies.selector.instructions import Desk, Instructed, instruction_fault, read_instruction
from topologies.selector.opener import Occasion, Opener
from topologies.selector.opening import Beside
from topologies.selector.seen import Fate, Sighting, seen_key
from topologies.selector.signals import read_signal, signal_fault
from topologies.selector.state import NAME, State
from transport.log import Produce, Record
from transport.quarantine import quarantined
from transport.skipping import tells

INSTRUCTION = "INSTRUCTION"


class Admission:
    """The door of one shard."""

    def __init__(self, state: State, opener: Opener, *, ledger: bytes, shards: int, shard: int) -> None:
        self._state, self._opener = state, opener
        self._shards, self._shard = shards, shard
        self._desk = Desk(
            ledger=ledger, shards=shards, directory=state.directory, accounts=state.accounts, seen=state.seen
        )

    def signal(self, record: Record, now: int) -> Iterator[Produce]:
        """Take one record of ``market.signals``; ``now`` in micros UTC."""
        signal = read_signal(record, self._state.directory)
        if isinstance(signal, Fault):
            yield from self.refuse(record, signal, now)
            return
        fault = signal_fault(signal, self._state.directory, self._state.seen, now)
        if fault is None and signal.event_time > now:
            if not self._state.early.full:
                self._state.early.add(record, signal.event_time)
                return
            fault = Fault(
                reason=QuarantineReason.FUTURE_EVENT, detail="too many signals are ahead of the clock"
            )
        facts = facts_of_signal(signal)
        route = None if fault is not None else self._state.directory.route(facts)
        if fault is None and route is None and isinstance(signal.body, News | Timer):
            fault = Fault(reason=QuarantineReason.UNROUTED, detail=f"no row for {facts.kind}")
        if fault is not None:
            yield from self.refuse(record, fault, now)
            return
        self._state.notebook.count(f"signals:{facts.kind}")
        self._absorb(record, signal, now)
        fate = Fate.UPDATED
        if route is not None:
            occasion = Occasion(
                trigger=_signal_trigger(record, signal), route=route, notional=signal.notional_usd
            )
            flows = list(self._flows(occasion, now))
            fate = Fate.OPENED if flows else Fate.SUPPRESSED
            yield from flows
        key = seen_key(signal.source, signal.signal_id)
        self._state.seen.add(key, Sighting(signal.event_time, fate, record.offset))

    def instruction(self, record: Record, now: int) -> Iterator[Produce]:
        """Take one record of ``instructions``; ``now`` in micros UTC."""
        order = read_instruction(record, self._state.directory)
        if isinstance(order, Fault):
            yield from self.refuse(record, order, now)
            return
        fault = instruction_fault(record, order, self._desk, now)
        route = self._state.directory.route(facts_of_instruction(order.instruction))
        if fault is None and route is None:
            detail = f"no row for class {order.instruction.decision_class}"
            fault = Fault(reason=QuarantineReason.UNROUTED, detail=detail)
        if fault is not None or route is None:
            assert fault is not None, "without a route there is a fault"
            yield from self.refuse(record, fault, now)
            return
        self._state.notebook.count(f"signals:{INSTRUCTION}")
        occasion = Occasion(
            trigger=_instruction_trigger(record, order),
            route=route,
            notional=order.instruction.notional_usd,
            beside=Beside(text=order.record.text, salt=order.record.salt),
        )
        flows = list(self._flows(occasion, now))
        yield from flows
        fate = Fate.OPENED if flows else Fate.SUPPRESSED
        key = seen_key(order.source, order.instruction.instruction_id)
        self._state.seen.add(key, Sighting(order.instruction.event_time, fate, record.offset))

    def refuse(self, record: Record, fault: Fault, now: int) -> Iterator[Produce]:
        """Count the reason, and send a record to quarantine; one that all shards read is sent by one."""
        self._state.notebook.count(f"quarantined:{fault.reason.name}")
        if not tells(record.topic, self._shard):
            return
        ids = self._state.directory.registry.schema_ids
        worker = f"{NAME}-{self._shard}"
        yield quarantined(
            record, fault.reason, fault.detail, ids=ids, worker=worker, shard=self._shard, now=now
        )

    def _absorb(self, record: Record, signal: MarketSignal, now: int) -> None:
        self._state.market.absorb(signal, partition=record.partition, offset=record.offset)
        if isinstance(signal.body, News):
            self._state.headlines.add(signal, signal.body, now)

    def _flows(self, occasion: Occasion, now: int) -> Iterator[Produce]:
        for account in sorted(set(occasion.route.accounts)):
            if shard_of(account, self._shards) == self._shard:
                yield from self._opener.open(occasion, account, now)


def _signal_trigger(record: Record, signal: MarketSignal) -> Trigger:
    assert record.value is not None, "it was read"
    return Trigger(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        kind=kind_of(signal.body),
        source=signal.source,
        signal_id=signal.signal_id,
        instrument=signal.instrument,
        event_time=signal.event_time,
        value_hash=sha256(record.value).digest(),
    )


def _instruction_trigger(record: Record, order: Instructed) -> Trigger:
    assert record.value is not None, "it was read"
    return Trigger(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        kind=INSTRUCTION,
        source=order.source,
        signal_id=order.instruction.instruction_id,
        instrument=order.instruction.instrument,
        event_time=order.instruction.event_time,
        value_hash=sha256(record.value).digest(),
        instruction=encode(order.record.envelope),
    )
