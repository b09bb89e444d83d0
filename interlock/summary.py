"""What each topology took and gave, from a ledger: flows, verdicts, latency and cost by class and lane.

Latency is the broker's own time between the flow's record and the ruling's, so that it means the same on a
ledger whose clock is a tape. Cost is what the answers say of themselves, signed, and the venue's fees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.entry import decode_entry
from ledger.envelope import PAYLOAD_TYPES, opened
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import (
    DecisionEntry,
    Envelope,
    FlowEntry,
    FlowOpened,
    Intent,
    Receipt,
    ReceiptEntry,
    Report,
    ReportEntry,
    Usage,
    WindowRecord,
)
from schemas.reasons import name_of
from transport.log import Record

Opened = Mapping[tuple[bytes, int], int]  # (dfid, attempt) -> append time of the flow's record, ms


@dataclass(slots=True)
class Topology:
    """One class of decisions on one lane.

    ruled: by (verdict, reason); waits: ms from the flow's record to the ruling's; answers: of agents, and the
    sums of their usage; fees: USD.
    """

    flows: int = 0
    ruled: Counter[tuple[str, str]] = field(default_factory=Counter)
    waits: list[int] = field(default_factory=list)
    answers: int = 0
    model_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    rounds: int = 0
    fees: dict[bytes, Decimal] = field(default_factory=dict)  # by order, the last receipt's

    def cost(self, usage: Usage) -> None:
        """Add what one answer cost."""
        self.answers += 1
        self.model_calls += usage.model_calls
        self.tokens_in += usage.tokens_in
        self.tokens_out += usage.tokens_out
        self.rounds += usage.rounds

    def wait_ms(self, percent: int) -> int | None:
        """A percentile of the waits, the nearest that was measured; None where nothing was."""
        ranked = sorted(self.waits)
        return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)] if ranked else None


@dataclass(slots=True)
class Summary:
    """Topologies by (decision class, lane). since: micros of ledger time, what is older is left out."""

    since: int = 0
    opened: Opened = field(default_factory=dict)
    topologies: dict[tuple[str, str], Topology] = field(default_factory=dict)
    _of: dict[bytes, tuple[str, str]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Count one record of ``kernel.ledger``."""
        if record.value is None:
            return
        leaf = decode_entry(record.value)
        match leaf.kind:
            case EntryKind.FLOW:
                flow = opened(decode(FlowEntry, leaf.body).flow, FlowOpened)
                self._of[flow.dfid] = (flow.decision_class, flow.lane.value)
                if leaf.ts >= self.since and flow.attempt == 1:
                    self._topology(flow.dfid).flows += 1
            case EntryKind.DECISION if leaf.ts >= self.since:
                decision = decode(DecisionEntry, leaf.body)
                self._ruled(decision, decision.verdict.value, record.timestamp_ms)
            case EntryKind.REPORT if leaf.ts >= self.since:
                self._ruled(decode(ReportEntry, leaf.body), "REPORTED", record.timestamp_ms)
            case EntryKind.RECEIPT if leaf.ts >= self.since:
                entry = decode(ReceiptEntry, leaf.body)
                receipt = opened(entry.receipt, Receipt)
                self._topology(entry.dfid).fees[receipt.key] = receipt.fee
            case _:
                pass

    def _ruled(self, entry: DecisionEntry | ReportEntry, verdict: str, at_ms: int) -> None:
        topology = self._topology(entry.dfid)
        topology.ruled[verdict, name_of(entry.reason)] += 1
        begun = self.opened.get((entry.dfid, entry.attempt))
        if begun is not None:
            topology.waits.append(max(0, at_ms - begun))
        for usage in usages(entry.body):
            topology.cost(usage)

    def _topology(self, dfid: bytes) -> Topology:
        return self.topologies.setdefault(self._of.get(dfid, ("?", "?")), Topology())


def usages(body: Envelope) -> Iterable[Usage]:
    """What every answer inside a body says that it cost: one, or all of a window."""
    if body.payload_type == PAYLOAD_TYPES[Intent]:
        yield opened(body, Intent).usage
    elif body.payload_type == PAYLOAD_TYPES[Report]:
        yield opened(body, Report).usage
    elif body.payload_type == PAYLOAD_TYPES[WindowRecord]:
        for each in opened(body, WindowRecord).answers:
            yield from usages(each)
