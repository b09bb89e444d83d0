"""What waits for a person: the ledger says what and until when, `escalations` how it looks to him."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from kernel import exact
from kernel.claim import Inside, judged
from ledger.entry import Leaf, decode_entry
from ledger.envelope import opened
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import (
    DecisionEntry,
    Envelope,
    Escalation,
    EscalationEntry,
    Fact,
    FlowEntry,
    FlowOpened,
    FlowStatus,
    HoldingDiff,
    HumanDecision,
    HumanEntry,
    Intent,
    ReceiptEntry,
    ReportEntry,
    Verdict,
)

# The kernel's word to people, by flow and payload: an alert about a failed order names the flow of another.
Told = Mapping[tuple[bytes, bytes], Escalation]

KEEP = (FlowStatus.ESCALATED, FlowStatus.EXHAUSTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One escalation. body: the exact payload; digest: its name, which an answer must give.

    price: the middle of the mark it was judged at, USD; expires_at, at: micros.
    """

    dfid: bytes
    account: str
    attempt: int
    reason: int
    facts: tuple[Fact, ...]
    digest: bytes
    body: Envelope
    price: Decimal | None
    expires_at: int
    seq: int
    at: int
    agent_id: str | None = None
    diff: HoldingDiff | None = None
    persons: int = 1

    @property
    def inside(self) -> Inside | None:
        """What the payload holds."""
        return judged(self.body)

    @property
    def intent(self) -> Intent | None:
        """The order that waits; None when somebody asked for a person without proposing one."""
        inside = self.inside
        return None if inside is None else inside.intent


class Inbox:
    """Folds ledger entries of any number of shards; ``waiting`` is what is left."""

    def __init__(self) -> None:
        self._expires: dict[bytes, int] = {}
        self._held: dict[bytes, Waiting] = {}
        self._open: set[bytes] = set()

    def take(self, value: bytes) -> None:
        """Fold one entry."""
        leaf = decode_entry(value)
        match leaf.kind:
            case EntryKind.FLOW:
                flow = opened(decode(FlowEntry, leaf.body).flow, FlowOpened)
                known = self._expires.get(flow.dfid, 0)
                self._expires[flow.dfid] = max(known, flow.flow_expires_at)
            case EntryKind.DECISION:
                self._decided(leaf, decode(DecisionEntry, leaf.body))
            case EntryKind.REPORT:
                self._reported(leaf, decode(ReportEntry, leaf.body))
            case EntryKind.ESCALATION:
                self._escalated(leaf, decode(EscalationEntry, leaf.body))
            case EntryKind.HUMAN:
                entry = decode(HumanEntry, leaf.body)
                self._left(opened(entry.act, HumanDecision).dfid, entry.flow_status)
            case EntryKind.RECEIPT:
                receipt = decode(ReceiptEntry, leaf.body)
                self._left(receipt.dfid, receipt.flow_status)
            case _:
                pass

    def waiting(self, told: Told, now: int) -> list[Waiting]:
        """What is escalated and not overdue, oldest first."""
        held = (self._held[dfid] for dfid in self._open)
        found = [self._seen(each, told.get((each.dfid, each.digest))) for each in held]
        return sorted((each for each in found if each.expires_at >= now), key=lambda each: each.at)

    def _seen(self, held: Waiting, told: Escalation | None) -> Waiting:
        expires_at = self._expires.get(held.dfid, held.expires_at)
        if told is None:
            return replace(held, expires_at=expires_at)
        mark = told.mark
        price = held.price if mark is None else exact.mid(mark.bid, mark.ask)
        return replace(
            held, expires_at=expires_at, price=price, agent_id=told.agent_id or held.agent_id, diff=told.diff,
            persons=told.persons, facts=told.facts or held.facts,
        )  # fmt: skip

    def _decided(self, leaf: Leaf, entry: DecisionEntry) -> None:
        exhausted = entry.flow_status is FlowStatus.EXHAUSTED
        if entry.verdict is not Verdict.ESCALATED and not exhausted:
            self._left(entry.dfid, entry.flow_status)
            return
        mark, inside = entry.mark, judged(entry.body)
        self._hold(
            Waiting(
                dfid=entry.dfid, account=entry.account, attempt=entry.attempt, reason=entry.reason,
                facts=entry.facts, digest=entry.digest, body=entry.body,
                price=None if mark is None else exact.mid(mark.bid, mark.ask), expires_at=0, seq=leaf.seq,
                at=leaf.ts, agent_id=None if inside is None else inside.agent_id,
            )
        )  # fmt: skip
        if not exhausted:
            self._open.add(entry.dfid)

    def _reported(self, leaf: Leaf, entry: ReportEntry) -> None:
        if entry.flow_status is not FlowStatus.ESCALATED:
            self._left(entry.dfid, entry.flow_status)
            return
        inside = judged(entry.body)
        self._hold(
            Waiting(
                dfid=entry.dfid, account=entry.account, attempt=entry.attempt, reason=entry.reason, facts=(),
                digest=entry.digest, body=entry.body, price=None, expires_at=0, seq=leaf.seq, at=leaf.ts,
                agent_id=None if inside is None else inside.agent_id,
            )
        )  # fmt: skip
        self._open.add(entry.dfid)

    def _escalated(self, leaf: Leaf, entry: EscalationEntry) -> None:
        held = self._held.get(entry.dfid)
        if entry.flow_status is not FlowStatus.ESCALATED or held is None:
            self._left(entry.dfid, entry.flow_status)
            return
        self._hold(
            replace(
                held, reason=entry.reason, expires_at=entry.expires_at, seq=leaf.seq, at=leaf.ts, facts=()
            )
        )
        self._open.add(entry.dfid)

    def _hold(self, waiting: Waiting) -> None:
        self._held[waiting.dfid] = waiting

    def _left(self, dfid: bytes, status: FlowStatus) -> None:
        if status not in KEEP:
            self._open.discard(dfid)
            self._held.pop(dfid, None)
            self._expires.pop(dfid, None)


def fold(values: Iterable[bytes], told: Told, now: int) -> list[Waiting]:
    """What waits after these entries."""
    inbox = Inbox()
    for value in values:
        inbox.take(value)
    return inbox.waiting(told, now)
