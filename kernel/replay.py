"""The ledger alone, judged again: every verdict must come out as it stands, bit for bit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kernel import opening
from kernel.acts.control import closing_word, judge_control
from kernel.acts.manifests import judge_manifest
from kernel.acts.people import judge_act
from kernel.acts.receipts import judge_receipt
from kernel.case import Case, build
from kernel.claim import read_claim
from kernel.entries import next_entry
from kernel.fold import Diverged, fold
from kernel.outcome import decide, exhausted_to
from kernel.received_again import received, received_again
from kernel.replayed import DIFFERENCES_MAX, Difference, Replayed
from kernel.state.whole import Identity, State
from ledger.chain import Head
from ledger.entry import decode_entry
from ledger.hashes import flow_hash
from ledger.registry import RegistryRefused
from ledger.shapes import Malformed
from schemas.codec import Unreadable, decode
from schemas.kinds import EntryKind
from schemas.models import (
    DecisionEntry,
    Envelope,
    EscalationEntry,
    FlowStatus,
    Genesis,
    KernelIntent,
    ReportEntry,
)
from schemas.reasons import Reason

# Entries nobody's kernel wrote break what the fold takes for granted: of a forged ledger that is a finding.
BROKEN = (AssertionError, LookupError)
CONTEXTS_MAX = 200_000  # flows whose late redeliveries can still be judged again


def replay(values: Iterable[bytes]) -> Replayed:
    """Fold a ledger partition from its first entry and judge everything again. Pure; nothing else is read."""
    found, replayer = Replayed(), None
    for value in values:
        try:
            if replayer is None:
                replayer = Replayer(state=first_state(value))
            replayer.take(value, found)
        except (Diverged, RegistryRefused, Malformed, Unreadable, *BROKEN) as error:
            found.stopped = f"stopped after {found.entries} entries: {error or type(error).__name__}"
            break
    return found


@dataclass(slots=True)
class Replayer:
    """The live kernel's state and judge, with the entries in place of the topics."""

    state: State
    head: Head = field(init=False)
    contexts: OrderedDict[bytes, Envelope] = field(default_factory=OrderedDict)
    closes: str | None = None  # the word of an operator who closed the ledger in this transaction

    def __post_init__(self) -> None:
        told = self.state.identity
        self.head = Head(ledger=told.ledger, partition=told.shard)

    def take(self, value: bytes, found: Replayed) -> None:
        """Judge one entry again, then fold it as it stands."""
        entry = next_entry(self.head, value)
        if entry.kind is EntryKind.FLOW:
            self.contexts[flow_hash(entry.body.flow.payload)] = entry.body.flow
            if len(self.contexts) > CONTEXTS_MAX:
                self.contexts.popitem(last=False)
        self.compare(entry.kind, entry.body, entry.seq, found)
        if entry.kind is EntryKind.CONTROL:
            self.closes = closing_word(entry.body) or self.closes
        fold(self.state, entry.kind, entry.body, entry.seq)
        self.state.touched.clear()
        self.head = entry.head
        found.entries += 1

    def compare(self, kind: EntryKind, body: Any, seq: int, found: Replayed) -> None:
        """Judge an entry again and note any difference."""
        pair = self._again(kind, body, seq)
        if pair is None:
            return
        found.judged += 1
        found.decisions += kind is EntryKind.DECISION
        expected, got = pair
        if expected == got:
            return
        found.differing += 1
        if len(found.differences) < DIFFERENCES_MAX:
            found.differences.append(
                Difference(seq=seq, kind=kind.name, expected=str(expected), got=str(got))
            )

    def _again(self, kind: EntryKind, body: Any, seq: int) -> tuple[Any, Any] | None:
        """What stands in the entry and what judging its input gives; None for what nothing rules on."""
        state = self.state
        match kind:
            case EntryKind.DECISION | EntryKind.REPORT:
                return self._ruled(body, seq)
            case EntryKind.CONTROL:
                reason = int(judge_control(state, body.command, seq))
                return (body.accepted, body.reason), (reason == 0, reason)
            case EntryKind.MANIFEST:
                reason = int(judge_manifest(state, body.manifest, seq))
                return (body.accepted, body.reason), (reason == 0, reason)
            case EntryKind.RECEIPT:
                reason = int(judge_receipt(state, body.receipt, seq))
                got = None if reason else received_again(state, body, seq)
                return received(body), got
            case EntryKind.HUMAN:
                return body.reason, int(judge_act(state, body.act, seq))
            case EntryKind.ESCALATION:
                return self._ended(body)
            case EntryKind.EPOCH | EntryKind.CLOSE | EntryKind.BATCH:
                return self._framed(kind, body)
            case _:
                return None

    def _framed(self, kind: EntryKind, body: Any) -> tuple[Any, Any] | None:
        """What is no ruling but follows all the same: the next epoch, and CLOSE after an operator's word."""
        state = self.state
        pair: tuple[Any, Any] = (body.reason if kind is EntryKind.CLOSE else None, self.closes)
        if kind is EntryKind.EPOCH:
            pair = ((body.shard, body.epoch), (state.identity.shard, state.core.epoch + 1))
        return None if pair[0] == pair[1] else pair

    def _ruled(self, body: DecisionEntry | ReportEntry, seq: int) -> tuple[Any, Any]:
        case = self.case_of(body, seq)
        if case is None:
            return "a ruling on a flow of this ledger", "no FLOW entry, or a body nobody can read"
        decided = decide(case)
        ruling = decided.ruling
        if isinstance(body, ReportEntry):
            got = (ruling.verdict.value, decided.lane_reason, decided.flow_status)
            return ("REPORTED", body.reason, body.flow_status), got
        order = None if body.intent is None else opening.read(body.intent, KernelIntent)
        expected = (body.verdict, body.reason, body.facts, body.flow_status, body.reopens, order)
        return expected, (
            ruling.verdict,
            int(ruling.reason),
            ruling.facts,
            decided.flow_status,
            decided.reopens,
            decided.order,
        )

    def case_of(self, body: DecisionEntry | ReportEntry, seq: int) -> Case | None:
        """What the kernel ruled on, before it was folded; None without its FLOW entry or a readable body."""
        flow = self.contexts.get(body.flow_hash)
        attestations = body.attestations if isinstance(body, DecisionEntry) else ()
        claim = None if flow is None else read_claim(flow, body.body, attestations)
        if claim is None:
            return None
        if isinstance(body, ReportEntry):
            return build(self.state, claim, seq=seq, mark=None, quote=None)
        quote, others = body.snapshot_quote, body.other_quotes
        return build(self.state, claim, seq=seq, mark=body.mark, quote=quote, others=others)

    def _ended(self, body: EscalationEntry) -> tuple[Any, Any]:
        """Whether the flow's time had run out, or its attempts, when it was ended."""
        flow = self.state.flows.get(body.dfid)
        if flow is None:
            return "a living flow", "none"
        if body.reason == Reason.REASONING_EXHAUSTION:
            return (FlowStatus.EXHAUSTED, body.flow_status), (flow.status, exhausted_to(self.state, flow))
        waiting = flow.status is FlowStatus.ESCALATED
        status = FlowStatus.REJECTED if waiting else FlowStatus.ABORTED
        return (True, body.flow_status), (body.dfid in self.state.core.overdue, status)


def first_state(value: bytes) -> State:
    """The state before GENESIS is folded, told what GENESIS says. Raises Diverged on any other entry."""
    leaf = decode_entry(value)
    if leaf.kind != EntryKind.GENESIS:
        raise Diverged("a ledger begins with GENESIS")
    told = decode(Genesis, leaf.body)
    identity = Identity(
        name=told.name,
        ledger=leaf.ledger,
        operator=told.operator,
        clock=told.clock,
        shards=told.shards,
        root=told.root_key,
        shard=leaf.partition,
        continues=told.continues,
    )
    return State(identity)
