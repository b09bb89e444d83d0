"""The arbiter on the loop: records in, windows folded, proposals out, and the same again after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ledger.signing import Signer
from schemas.models import FlowRecord, Lane
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.arbiter.held import PREFIX, Held
from topologies.arbiter.joining import Bench, Left
from topologies.arbiter.reading import Asked, Attested, Heard, Message, read
from topologies.arbiter.window import Window, bare, restored
from topologies.arbiter.windows import Windows
from topologies.genuine import Fault, genuine_flow
from topologies.grants import Grants
from transport.log import Effect, Output, Positions, Produce, Reader, Record
from transport.processor import Input, Rank
from transport.quarantine import quarantined

LANES = {"flows.eoam": Lane.EOAM, "flows.dlpci": Lane.DLPCI}
ANSWERS = ("mesh.proposals", "evidence.requests", "evidence.attestations")


class Arbiter:
    """One shard's joiner. All it is stands in ``arbiter.state``, but the registry, which it reads anew."""

    name = "arbiter"
    keeps_positions = False

    def __init__(self, *, ledger: bytes, root_public: bytes, signer: Signer, shard: int) -> None:
        self.shard = shard
        self.grants = Grants(root_public)
        self._ledger = ledger
        self._bench = Bench(grants=self.grants, signer=signer)
        self._windows = Windows()
        self._held = Held()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The registry whole, the rest by shard; flows before the answers to them."""
        own = (self.shard,)
        return (
            Input(topic="registry", partitions=(0,), rank=Rank.REGISTRY),
            *(Input(topic=topic, partitions=own, rank=Rank.FLOWS) for topic in LANES),
            *(Input(topic=topic, partitions=own, rank=Rank.PROPOSALS) for topic in ANSWERS),
        )

    def restore(self, reader: Reader) -> Positions | None:
        """Read the registry and the state; registry records that come again are known by their offset."""
        for record in reader.records("registry", 0, 0):
            self.grants.fold(record)
        for name, value in sorted(reader.compacted("arbiter.state", self.shard).items()):
            if name.startswith(PREFIX.encode()):
                self._held.load(value)
            else:
                self._windows.put(restored(value))
        return None

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        """Fold a batch, then close what has become overdue."""
        outputs: list[Output] = []
        for record in batch:
            outputs += self._take(record, now)
        for window in self._windows.overdue(now):
            outputs += self._leaving(window, self._bench.overdue(window, now))
        for record in self._held.overdue(now):
            fault = Fault(reason=QuarantineReason.UNROUTED, detail="no flow of that name was opened in time")
            outputs.append(self._refused(record, fault, now))
        return [*outputs, *self._windows.changes(), *self._held.changes()]

    def cause(self, record: Record) -> tuple[int, int] | None:
        """No record here waits for a market signal."""
        return None

    def perform(self, effect: Effect) -> Sequence[Record]:
        """The arbiter does nothing to the world."""
        raise AssertionError(f"the arbiter has no effects, not even {effect.name}")

    def closing(self, now: int) -> Sequence[Output]:
        """Nothing is kept back between steps."""
        return ()

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return self._windows.state(), list(self._held.state())

    def _take(self, record: Record, now: int) -> list[Output]:
        if record.topic == "registry":
            self.grants.fold(record)
            return []
        if record.topic in LANES:
            return self._opened(record, now)
        return self._answered(record, now)

    def _opened(self, record: Record, now: int) -> list[Output]:
        try:
            found = self.grants.ids.unpack(FlowRecord, record.value)
        except Refused as error:
            return [self._refused(record, Fault(reason=error.reason, detail=error.detail), now)]
        flow = genuine_flow(found, self._ledger, LANES[record.topic], self.grants)
        if isinstance(flow, Fault):
            return [self._refused(record, flow, now)]
        window = Window(flow=bare(flow))
        known = self._windows.get(window.key)
        if known is not None and known.flow.h_flow == flow.h_flow:
            return []
        if known is not None or not self._windows.has_room():
            why = "this attempt was opened otherwise" if known is not None else "no room for another window"
            return [self._refused(record, Fault(reason=QuarantineReason.UNROUTED, detail=why), now)]
        self._windows.put(window)
        self._windows.touch(window.key)
        outputs: list[Output] = []
        for waiting in self._held.release(window.key):
            outputs += self._answered(waiting, now)
        return outputs

    def _answered(self, record: Record, now: int) -> list[Output]:
        message = read(record, self.grants)
        if isinstance(message, Fault):
            return [self._refused(record, message, now)]
        window = self._windows.get(message.key)
        if window is None:
            self._held.hold(record, message.key, now)
            return []
        left = self._joined(window, message, now)
        self._windows.touch(message.key)
        return [self._refused(record, left, now)] if isinstance(left, Fault) else self._leaving(window, left)

    def _joined(self, window: Window, message: Message, now: int) -> Left | Fault:
        match message:
            case Heard():
                return self._bench.heard(window, message.envelope, message.said, now)
            case Asked():
                return self._bench.claimed(window, message.request, now)
            case Attested():
                return self._bench.attested(window, message.envelope, now)
            case _:
                assert_never(message)

    def _leaving(self, window: Window, left: Left) -> list[Output]:
        key = window.flow.opened.account.encode()
        return [
            Produce(topic="proposals", partition=self.shard, key=key, value=self.grants.ids.pack(proposal))
            for proposal in left
        ]

    def _refused(self, record: Record, fault: Fault, now: int) -> Produce:
        return quarantined(
            record,
            fault.reason,
            fault.detail,
            ids=self.grants.ids,
            worker=self.name,
            shard=self.shard,
            now=now,
        )
