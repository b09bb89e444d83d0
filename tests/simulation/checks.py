"""What must hold at every step and in the end; each law names itself when it is broken."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from kernel.entries import next_entry
from kernel.executor_state import ExecutorState
from kernel.fold import Diverged
from kernel.folds.decisions import consumes_nothing
from kernel.folds.receipts import FINAL_RANK, RANK
from kernel.replay import Replayer
from kernel.replayed import Replayed
from kernel.state.whole import State
from kernel.venues.venue import VenueOrder
from ledger.envelope import digest, opened
from ledger.intents import client_order_id
from schemas.kinds import EntryKind
from schemas.models import (
    Action,
    DecisionEntry,
    Envelope,
    Escalation,
    FlowOpened,
    FlowRecord,
    FlowStatus,
    KernelIntent,
    Proposal,
    Receipt,
    ReceiptStatus,
    Verdict,
    WindowKind,
    WindowRecord,
)
from schemas.reasons import name_of
from tests.simulation.setting import identity, ids
from transport.log import Record
from transport.simulated_broker import SimulatedBroker

ENDED = frozenset({FlowStatus.CLOSED, FlowStatus.ABORTED})
NO_EFFECT = frozenset({ReceiptStatus.NOT_SENT, ReceiptStatus.EXPIRED})


class BrokenError(AssertionError):
    """A law does not hold. ``law`` is its name."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(f"{law}: {detail}")
        self.law = law


@dataclass
class Checker:
    """Told of every committed transaction and of every order the venue takes."""

    broker: SimulatedBroker
    state: State = field(default_factory=lambda: State(identity()))
    found: Replayed = field(default_factory=Replayed)
    orders: dict[str, KernelIntent] = field(default_factory=dict)  # accepted, by client id
    finals: dict[bytes, Receipt] = field(default_factory=dict)  # on venue.receipts
    flows: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    windows: Counter[tuple[bytes, int]] = field(default_factory=Counter)
    outcomes: dict[bytes, FlowStatus] = field(default_factory=dict)
    told: dict[bytes, Escalation] = field(default_factory=dict)  # suspended flows
    attempts: dict[str, int] = field(default_factory=dict)  # recorded, by client id
    taken: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # places, by account
    places: dict[str, int] = field(default_factory=dict)  # of accepted orders, in the ledger's order
    unknown: set[bytes] = field(default_factory=set)  # digests of receipts that say so
    tally: Counter[str] = field(default_factory=Counter)
    judged: set[bytes] = field(default_factory=set)  # digests of envelopes
    _approved: bool = False

    def __post_init__(self) -> None:
        self.replayer = Replayer(state=self.state)

    def committed(self, _: str, records: list[Record]) -> None:
        """Look at a transaction that was decided."""
        for record in records:
            match record.topic:
                case "kernel.ledger":
                    self._entry(record)
                case "venue.receipts":
                    self._receipt(opened(ids().unpack(Envelope, record.value), Receipt))
                case "flows.eoam" | "flows.sds" | "flows.dlpci":
                    self._flow(record)
                case "proposals":
                    self._proposal(record)
                case "escalations":
                    said = ids().unpack(Escalation, record.value)
                    if said.payload_digest in self.unknown:
                        self.told[said.dfid] = said
                case "executor.state":
                    self._attempt(record)
                case _:
                    pass

    def takes(self, order: VenueOrder) -> None:
        """The venue is about to take an order it has not seen."""
        accepted = self.orders.get(order.client_id)
        if accepted is None:
            raise BrokenError("no effect without an accepted entry", order.client_id)
        if self.attempts.get(order.client_id, 0) < 1:
            raise BrokenError("an attempt is recorded before the venue is called", order.client_id)
        if accepted.quantity != order.quantity or accepted.side != order.side:
            raise BrokenError("the venue gets what was accepted", order.client_id)
        before = self.taken[order.account]
        place = self.places[order.client_id]
        if place in before:
            raise BrokenError("an order is not sent twice where that doubles it", order.client_id)
        if before and before[-1] >= place:
            raise BrokenError("nothing out of order within an account", f"{place} after {before[-1]}")
        before.append(place)

    def _entry(self, record: Record) -> None:
        value = record.value or b""
        try:
            entry = next_entry(self.replayer.head, value)
            self.replayer.take(value, self.found)
        except Diverged as error:
            raise BrokenError("the ledger is gap-free and folds", str(error)) from None
        if not self.found.identical:
            raise BrokenError("replay is identical", str(self.found.differences))
        self._counted(entry.kind, entry.body)
        self._approved = entry.kind is EntryKind.HUMAN

    def _counted(self, kind: EntryKind, body: Any) -> None:
        self.tally[f"entry {kind.name}"] += 1
        if isinstance(body, DecisionEntry):
            self.tally[f"verdict {body.verdict.value} {name_of(body.reason)}"] += 1
            self._judged(body)
            if body.verdict is Verdict.ACCEPTED:
                self._ordered(body.intent)
        elif kind is EntryKind.REPORT:
            self.tally[f"report {name_of(body.reason)} {body.flow_status.value}"] += 1
        elif kind is EntryKind.RECEIPT:
            status = opened(body.receipt, Receipt).status
            self.tally[f"receipt {status.value}"] += 1
            if status is ReceiptStatus.UNKNOWN:
                self.unknown.add(digest(body.receipt))
            for each in body.compensations:
                self.tally[f"compensation {each.verdict.value} {name_of(each.reason)}"] += 1
                self._ordered(each.intent)
        self._outcome(getattr(body, "dfid", None))

    def _ordered(self, sealed: Envelope | None) -> None:
        order = None if sealed is None else opened(sealed, KernelIntent)
        if order is None or order.action is Action.CANCEL:
            return
        client_id = client_order_id(order.key)
        if client_id in self.orders:
            raise BrokenError("one step is accepted once", client_id)
        self.orders[client_id] = order
        self.places[client_id] = len(self.places)

    def _judged(self, body: DecisionEntry) -> None:
        """A redelivered envelope finds its first answer, unless a person has approved it since."""
        again = body.digest in self.judged and body.verdict is not Verdict.DUPLICATE
        if again and not self._approved:
            raise BrokenError("an envelope is judged once", f"{body.dfid.hex()} {body.verdict} {body.reason}")
        if not consumes_nothing(body.verdict, body.reason):
            self.judged.add(body.digest)

    def _outcome(self, dfid: bytes | None) -> None:
        """A flow's outcome is given once and never changed."""
        flow = None if dfid is None else self.state.flows.get(dfid)
        if dfid is None or flow is None or not flow.final:
            if dfid in self.outcomes:
                raise BrokenError("every flow has one outcome", f"{dfid!r} came back to life")
            return
        known = self.outcomes.setdefault(dfid, flow.status)
        if known is not flow.status:
            raise BrokenError("every flow has one outcome", f"{known} and {flow.status}")

    def _receipt(self, receipt: Receipt) -> None:
        if RANK[receipt.status] != FINAL_RANK and receipt.status is not ReceiptStatus.UNKNOWN:
            return
        if receipt.key in self.finals:
            raise BrokenError("an order has one final receipt", receipt.key.hex())
        self.finals[receipt.key] = receipt

    def _flow(self, record: Record) -> None:
        envelope = ids().unpack(FlowRecord, record.value).flow
        flow = opened(envelope, FlowOpened)
        name = (flow.dfid, flow.attempt)
        if name in self.flows:
            raise BrokenError("a signal opens one flow, an attempt one context", str(name))
        self.flows[name] = envelope.payload

    def _proposal(self, record: Record) -> None:
        body = ids().unpack(Proposal, record.value).body
        if "window-record" in body.payload_type:
            window = opened(body, WindowRecord)
            if window.kind is not WindowKind.LATE:
                self.windows[(window.dfid, window.attempt)] += 1
                if self.windows[(window.dfid, window.attempt)] > 1:
                    raise BrokenError("a window closes once", window.dfid.hex())

    def _attempt(self, record: Record) -> None:
        if record.key is not None and record.key.startswith(b"open/") and record.value is not None:
            state = ExecutorState.read({record.key: record.value})
            for key, attempt in state.open.items():
                self.attempts[client_order_id(key)] = attempt.number
