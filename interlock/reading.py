"""Decisions read back from ledger entries, as people ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from kernel.claim import judged
from ledger.entry import Leaf, decode_entry
from ledger.envelope import digest, opened
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import (
    DecisionEntry,
    Envelope,
    FlowEntry,
    FlowOpened,
    HumanDecision,
    HumanEntry,
    Intent,
    KernelIntent,
    Mandate,
    Report,
    ReportEntry,
    WindowRecord,
)
from schemas.money import plain
from schemas.reasons import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One DECISION, REPORT or HUMAN entry; what: the action proposed, or the person's choice, in words.

    ordered: what was ordered, where that is not what was proposed. signers: key ids of the persons.
    """

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
    ordered: str = ""
    signers: tuple[bytes, ...] = ()


def decisions(values: Iterable[bytes]) -> Iterator[Decided]:
    """Every decision, report and person's act in order."""
    lanes: dict[bytes, str] = {}
    attempts: dict[bytes, int] = {}
    for value in values:
        leaf = decode_entry(value)
        match leaf.kind:
            case EntryKind.FLOW:
                flow = opened(decode(FlowEntry, leaf.body).flow, FlowOpened)
                lanes[flow.dfid] = flow.lane.value
            case EntryKind.DECISION:
                decision = decode(DecisionEntry, leaf.body)
                attempts[decision.dfid] = decision.attempt
                yield Decided(
                    seq=leaf.seq, dfid=decision.dfid, account=decision.account,
                    lane=lanes.get(decision.dfid, "?"), attempt=decision.attempt,
                    what=what_of(decision.body), verdict=decision.verdict.value,
                    reason=name_of(decision.reason),
                    facts=tuple((fact.name, fact.value) for fact in decision.facts),
                    status=decision.flow_status.value + (" (reopens)" if decision.reopens else ""),
                    ordered=ordered_of(decision),
                )  # fmt: skip
            case EntryKind.REPORT:
                report = decode(ReportEntry, leaf.body)
                attempts[report.dfid] = report.attempt
                yield Decided(
                    seq=leaf.seq, dfid=report.dfid, account=report.account, lane=lanes.get(report.dfid, "?"),
                    attempt=report.attempt, what=what_of(report.body), verdict="REPORTED",
                    reason=name_of(report.reason), facts=(), status=report.flow_status.value,
                )  # fmt: skip
            case EntryKind.HUMAN:
                yield _acted(leaf, lanes, attempts)
            case _:
                pass


def _acted(leaf: Leaf, lanes: Mapping[bytes, str], attempts: Mapping[bytes, int]) -> Decided:
    human = decode(HumanEntry, leaf.body)
    act = opened(human.act, HumanDecision)
    return Decided(
        seq=leaf.seq, dfid=act.dfid, account=act.account, lane=lanes.get(act.dfid, "?"),
        attempt=attempts.get(act.dfid, 1), what=act_words(act), verdict=human.verdict.value,
        reason=name_of(human.reason), facts=tuple((fact.name, fact.value) for fact in human.facts),
        status=human.flow_status.value, signers=tuple(each.keyid for each in human.act.signatures),
    )  # fmt: skip


def act_words(act: HumanDecision) -> str:
    """A person's choice, what it leaves of the quantity, and the price that was shown."""
    left = "" if act.quantity is None else f" to {plain(act.quantity)}"
    shown = "" if act.price_shown is None else f" at {plain(act.price_shown)} shown"
    return f"a person: {act.choice.value}{left}{shown}"


def ordered_of(decision: DecisionEntry) -> str:
    """The order in words where its quantity is not the proposed one; empty where it is, or none was given."""
    inside = judged(decision.body)
    if decision.intent is None or inside is None or inside.intent is None:
        return ""
    order = opened(decision.intent, KernelIntent)
    same = order.quantity == inside.intent.quantity
    return "" if same else f"{order.side} {plain(order.quantity)} {order.instrument}"


def what_of(body: Envelope) -> str:
    """The action of a body in words: an intent's, a window's winner's, or a report's kind."""
    if body.payload_type.endswith("intent.v1"):
        intent = opened(body, Intent)
        limit = "" if intent.limit_price is None else f" limit {plain(intent.limit_price)}"
        amount = f" {plain(intent.quantity)} {intent.instrument}" if intent.instrument else ""
        side = "" if intent.mandate is None else f" {intent.mandate.side.value}"
        return f"{intent.agent_id}: {intent.action.value}{side}{amount}{limit}{frame_words(intent.mandate)}"
    if body.payload_type.endswith("report.v1"):
        report = opened(body, Report)
        return f"{report.agent_id}: {report.kind.value}"
    window = opened(body, WindowRecord)
    winner = next((each for each in window.answers if digest(each) == window.winner), None)
    return f"window of {len(window.answers)}: " + ("no winner" if winner is None else what_of(winner))


def frame_words(frame: Mandate | None) -> str:
    """The band and the end of a mandate; empty for any other order."""
    if frame is None:
        return ""
    return f" between {plain(frame.price_low)} and {plain(frame.price_high)} until {utc(frame.expires_at)}"


def utc(at: int) -> str:
    """Micros since the epoch as people read time."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def last_dfid(values: Iterable[bytes]) -> bytes | None:
    """The flow of the last decision, None when there is none."""
    found = None
    for each in decisions(values):
        found = each.dfid
    return found
