"""Decisions read back from ledger entries, as people ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from interlock.context import Context
from ledger.entry import decode_entry
from ledger.envelope import digest, opened
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import (
    DecisionEntry,
    Envelope,
    Explanation,
    FlowEntry,
    FlowOpened,
    Intent,
    Report,
    ReportEntry,
    WindowRecord,
)
from schemas.money import plain
from schemas.reasons import name_of
from schemas.wire import Refused, unframed


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One DECISION or REPORT entry; what: the action proposed, in words."""

    seq: int
    dfid: bytes
    account: str
    lane: str
    attempt: int
    what: str
    verdict: str
    reason: str
    facts: tuple[tuple[str, Decimal], ...]
    status: str


def decisions(values: Iterable[bytes]) -> Iterator[Decided]:
    """Every decision and report in order."""
    lanes: dict[bytes, str] = {}
    for value in values:
        leaf = decode_entry(value)
        match leaf.kind:
            case EntryKind.FLOW:
                flow = opened(decode(FlowEntry, leaf.body).flow, FlowOpened)
                lanes[flow.dfid] = flow.lane.value
            case EntryKind.DECISION:
                decision = decode(DecisionEntry, leaf.body)
                yield Decided(
                    seq=leaf.seq, dfid=decision.dfid, account=decision.account,
                    lane=lanes.get(decision.dfid, "?"), attempt=decision.attempt,
                    what=what_of(decision.body), verdict=decision.verdict.value,
                    reason=name_of(decision.reason),
                    facts=tuple((fact.name, fact.value) for fact in decision.facts),
                    status=decision.flow_status.value + (" (reopens)" if decision.reopens else ""),
                )  # fmt: skip
            case EntryKind.REPORT:
                report = decode(ReportEntry, leaf.body)
                yield Decided(
                    seq=leaf.seq, dfid=report.dfid, account=report.account, lane=lanes.get(report.dfid, "?"),
                    attempt=report.attempt, what=what_of(report.body), verdict="REPORTED",
                    reason=name_of(report.reason), facts=(), status=report.flow_status.value,
                )  # fmt: skip
            case _:
                pass


def what_of(body: Envelope) -> str:
    """The action of a body in words: an intent's, a window's winner's, or a report's kind."""
    if body.payload_type.endswith("intent.v1"):
        intent = opened(body, Intent)
        limit = "" if intent.limit_price is None else f" limit {plain(intent.limit_price)}"
        amount = f" {plain(intent.quantity)} {intent.instrument}" if intent.instrument else ""
        return f"{intent.agent_id}: {intent.action.value}{amount}{limit}"
    if body.payload_type.endswith("report.v1"):
        report = opened(body, Report)
        return f"{report.agent_id}: {report.kind.value}"
    window = opened(body, WindowRecord)
    winner = next((each for each in window.answers if digest(each) == window.winner), None)
    return f"window of {len(window.answers)}: " + ("no winner" if winner is None else what_of(winner))


def last_dfid(values: Iterable[bytes]) -> bytes | None:
    """The flow of the last decision, None when there is none."""
    found = None
    for each in decisions(values):
        found = each.dfid
    return found


def explanations_of(there: Context, dfid: bytes) -> dict[str, str]:
    """What was said about a flow, by signer; evidence for people and nothing else."""
    found: dict[str, str] = {}
    for partition in range(there.card.shards):
        for record in there.read("explanations", partition):
            key = (record.key or b"").decode("utf-8", "replace")
            if key.startswith(dfid.hex()):
                try:
                    found[key.rpartition(":")[2]] = unframed(Explanation, record.value).text
                except Refused:
                    continue
    return found
