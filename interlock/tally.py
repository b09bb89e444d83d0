"""What has happened so far on a ledger, counted from its records: the figures a person is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ledger.entry import decode_entry
from ledger.envelope import opened
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.models import (
    Action,
    DecisionEntry,
    Envelope,
    EscalationEntry,
    FlowEntry,
    FlowOpened,
    FlowRecord,
    FlowStatus,
    HumanEntry,
    Intent,
    Lane,
    Quarantined,
    Receipt,
    ReceiptEntry,
    ReceiptStatus,
    ReportEntry,
    Verdict,
    WindowRecord,
)
from schemas.reasons import name_of
from schemas.wire import PREFIX
from transport.log import Record

RESTING = frozenset(
    {FlowStatus.CLOSED, FlowStatus.REJECTED, FlowStatus.ABORTED, FlowStatus.ESCALATED, FlowStatus.SUSPENDED}
)
FILLS = (ReceiptStatus.FILLED, ReceiptStatus.PARTIAL)


@dataclass(slots=True)
class Tally:
    """Counters and the set of flows that still owe an outcome."""

    flows: Counter[str] = field(default_factory=Counter)  # by lane
    verdicts: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # lane, verdict, reason
    statuses: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    signals: int = 0
    halts_over_buys: int = 0
    fills: set[bytes] = field(default_factory=set)
    open: dict[bytes, str] = field(default_factory=dict)  # dfid -> lane
    lanes: dict[bytes, str] = field(default_factory=dict)
    last_dfid: bytes | None = None
    sizes: dict[int, int] = field(default_factory=dict)  # shard -> entries
    times: dict[int, int] = field(default_factory=dict)  # shard -> time of its last entry, micros UTC
    sealed: dict[int, int] = field(default_factory=dict)  # shard -> what its last checkpoint covers
    accounts: set[bytes] = field(default_factory=set)  # that have a published view
    first_proposal: Record | None = None

    def take(self, record: Record) -> None:
        """Count one record of any topic this knows; others count for nothing."""
        match record.topic:
            case "market.signals":
                self.signals += 1
            case "flows.eoam" | "flows.sds" | "flows.dlpci" if record.value is not None:
                self._flow(decode(FlowRecord, record.value[PREFIX.size :]))
            case "accounts.view":
                self.accounts.add(record.key or b"")
            case "proposals" if self.first_proposal is None:
                self.first_proposal = record
            case "kernel.ledger" if record.value is not None:
                self._entry(record.partition, record.value)
            case "quarantine" if record.value is not None:
                self.quarantined[decode(Quarantined, record.value[PREFIX.size :]).reason] += 1
            case _:
                pass

    def _flow(self, record: FlowRecord) -> None:
        flow = opened(record.flow, FlowOpened)
        if flow.attempt == 1:
            self.flows[flow.lane.value] += 1
        self.lanes[flow.dfid] = flow.lane.value
        self.open.setdefault(flow.dfid, flow.lane.value)

    @property
    def size(self) -> int:
        """Entries of all shards together."""
        return sum(self.sizes.values())

    def _entry(self, shard: int, value: bytes) -> None:
        leaf = decode_entry(value)
        kind = EntryKind(leaf.kind)
        self.entries[kind.name] += 1
        self.sizes[shard], self.times[shard] = leaf.seq + 1, leaf.ts
        if kind is EntryKind.CHECKPOINT:
            self.sealed[shard] = leaf.seq
        if kind in (EntryKind.FLOW, EntryKind.DECISION, EntryKind.REPORT, EntryKind.RECEIPT,
                    EntryKind.ESCALATION, EntryKind.HUMAN):  # fmt: skip
            self._body(decode(BODY[kind], leaf.body))

    def _body(self, body: Any) -> None:
        match body:
            case FlowEntry(flow=flow):
                self.lanes.setdefault((seen := opened(flow, FlowOpened)).dfid, seen.lane.value)
            case DecisionEntry():
                lane = self.lanes.get(body.dfid, "?")
                self.verdicts[lane, body.verdict.value, name_of(body.reason)] += 1
                if body.verdict is Verdict.ACCEPTED and halt_over_buy(body.body):
                    self.halts_over_buys += 1
                self._settle(body.dfid, body.flow_status, reopens=body.reopens)
            case ReportEntry():
                self.verdicts[self.lanes.get(body.dfid, "?"), "REPORTED", name_of(body.reason)] += 1
                self._settle(body.dfid, body.flow_status)
            case ReceiptEntry():
                receipt = opened(body.receipt, Receipt)
                self.receipts[receipt.status.value] += 1
                if receipt.status in FILLS and receipt.quantity > 0:
                    self.fills.add(receipt.key)
                self._settle(body.dfid, body.flow_status)
            case EscalationEntry():
                self._settle(body.dfid, body.flow_status)
            case HumanEntry():
                pass

    def _settle(self, dfid: bytes, status: FlowStatus, *, reopens: bool = False) -> None:
        self.last_dfid = dfid
        if status in RESTING and not reopens:
            if self.open.pop(dfid, None) is not None:
                self.statuses[status.value] += 1
        else:
            self.open[dfid] = self.lanes.get(dfid, "?")


def halt_over_buy(body: Envelope) -> bool:
    """Whether a window's winner is a HALT and a BUY stood among its answers."""
    if "window-record" not in body.payload_type:
        return False
    window = opened(body, WindowRecord)
    intents = [opened(each, Intent) for each in window.answers if "intent" in each.payload_type]
    actions = {intent.action for intent in intents}
    return window.winner is not None and {Action.HALT, Action.BUY} <= actions


LANES = tuple(lane.value for lane in Lane)
