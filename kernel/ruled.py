"""Proposals and people's acts: case, ruling, entry, and what the world is told."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.acts.people import UNSIGNED, judge_act
from kernel.announce import Announcer, attempts_of, cancels_of
from kernel.arrivals import place_of
from kernel.case import Case, build
from kernel.claim import Claim, read_claim
from kernel.gates.integrity import integrity
from kernel.journal import Journal
from kernel.opening import surely
from kernel.outcome import Decided, decide, exhausted_to
from kernel.quotes import Quotes
from kernel.ruling import Refusal
from kernel.rulings import decision_entry, report_entry
from kernel.state.flows import CONTEXTS_MAX
from kernel.state.whole import State
from ledger.envelope import seal
from ledger.signing import Signer
from schemas.kinds import EntryKind
from schemas.models import (
    Action,
    Envelope,
    EscalationEntry,
    FlowEntry,
    FlowStatus,
    HumanChoice,
    HumanDecision,
    HumanEntry,
    InputRange,
    InstrumentQuote,
    InstrumentView,
    Proposal,
    QuoteSeen,
    Verdict,
)
from schemas.reasons import Reason
from transport.log import Output, Record


@dataclass(slots=True, kw_only=True)
class Bench:
    """Where rulings are made. signer: of role KERNEL_INTENT."""

    state: State
    journal: Journal
    quotes: Quotes
    signer: Signer
    outputs: list[Output]

    def proposal(self, record: Record, proposal: Proposal) -> Reason | None:
        """Rule on a proposal; the reason, when no valid signature stands behind it: no entry then."""
        claim = read_claim(proposal.flow, proposal.body, proposal.attestations)
        if claim is None:
            return Reason.MALFORMED
        case = self._case(claim)
        if case.known is None or claim.flow_hash not in case.known.contexts:
            refused = integrity(case)
            if isinstance(refused, Refusal) and refused.unsigned:
                return refused.reason
            if case.known is not None and len(case.known.contexts) >= CONTEXTS_MAX:
                return Reason.MALFORMED
            # The context is folded before its decision, and the decision stands one entry later.
            self.journal.add(EntryKind.FLOW, FlowEntry(flow=proposal.flow))
            case = self._case(claim)
        decided = decide(case)
        if not decided.ruling.signed:
            return Reason(decided.ruling.reason)
        self._write(case, decided, place_of(record))
        return None

    def act(self, envelope: Envelope) -> Reason | None:
        """Fold a person's act and rule again on what he approved; the reason, when it binds nobody."""
        seq = self.journal.seq
        reason = judge_act(self.state, envelope, seq)
        if reason in UNSIGNED:
            return reason
        act = surely(envelope, HumanDecision)
        flow = self.state.flows.get(act.dfid)
        if flow is None:
            return reason
        held, opened = flow.held, flow.opened
        verdict = Verdict.ACCEPTED if reason is Reason.NONE else Verdict.REJECTED
        ends = reason is Reason.NONE and act.choice is HumanChoice.ABORT
        entry = HumanEntry(
            act=envelope,
            verdict=verdict,
            reason=int(reason),
            facts=(),
            flow_status=FlowStatus.ABORTED if ends else flow.status,
        )
        self.journal.add(EntryKind.HUMAN, entry)
        if reason is Reason.NONE and not ends:
            assert held is not None
            assert opened is not None
            claim = read_claim(opened, held.body, held.attestations)
            assert claim is not None
            case = self._case(claim)
            place = InputRange(topic="human.decisions", partition=self.state.identity.shard, first=0, next=0)
            self._write(case, decide(case), place)
        return None

    def end_overdue(self) -> None:
        """Silence is an answer: what waits for a person is rejected, every other living flow aborted."""
        for dfid in tuple(self.state.core.overdue):
            flow = self.state.flows[dfid]
            waiting = flow.status is FlowStatus.ESCALATED
            status = FlowStatus.REJECTED if waiting else FlowStatus.ABORTED
            self._escalation(dfid, flow.account, Reason.TTL_EXPIRED, flow.expires_at, status)

    def _case(self, claim: Claim) -> Case:
        intent, state = claim.intent, self.state
        name = None if intent is None else intent.instrument
        view = next((each for each in claim.flow.snapshot.instruments if each.instrument == name), None)
        quote = None if view is None else self._quote(view)
        others = tuple(
            InstrumentQuote(instrument=each.instrument, quote=self._quote(each))
            for each in claim.flow.snapshot.instruments
            if each is not view and each.price_offset is not None
        )
        mark = self.quotes.last(name, state.now)
        return build(state, claim, seq=self.journal.seq, mark=mark, quote=quote, others=others)

    def _quote(self, view: InstrumentView) -> QuoteSeen | None:
        if view.price_partition is None or view.price_offset is None:
            return None
        return self.quotes.at(view.instrument, view.price_partition, view.price_offset, self.state.now)

    def _write(self, case: Case, decided: Decided, received: InputRange) -> None:
        tell = Announcer(self.state)
        if decided.ruling.verdict is Verdict.REPORTED:
            seq = self.journal.add(EntryKind.REPORT, report_entry(case, decided, received))
            self.outputs.append(tell.verdict(case, decided, seq))
            if decided.flow_status is FlowStatus.ESCALATED:
                self.outputs.append(tell.escalation(case, decided.lane_reason, (), seq))
            return
        sealed = None if decided.order is None else seal(decided.order, self.signer)
        cancels = self._cancels(case, decided)
        told = tell.verdict(case, decided, case.seq)
        seq = self.journal.add(EntryKind.DECISION, decision_entry(case, decided, received, sealed))
        self.outputs.append(told)
        orders = [*([] if sealed is None else [sealed]), *cancels]
        self.outputs += [tell.intent(case.flow.account, order) for order in orders]
        ruling = decided.ruling
        if ruling.verdict is Verdict.ESCALATED:
            self.outputs.append(tell.escalation(case, int(ruling.reason), ruling.facts, seq))
        if decided.flow_status is FlowStatus.EXHAUSTED:
            self._exhausted(case, tell)

    def _cancels(self, case: Case, decided: Decided) -> list[Envelope]:
        halts = case.intent is not None and case.intent.action is Action.HALT
        if not halts or decided.ruling.verdict is not Verdict.ACCEPTED:
            return []
        assert case.intent is not None
        return [seal(order, self.signer) for order in cancels_of(case, case.intent)]

    def _exhausted(self, case: Case, tell: Announcer) -> None:
        """All attempts are used: one escalation with all of them, or the end of the flow."""
        flow = self.state.flows[case.flow.dfid]
        status = exhausted_to(self.state, flow)
        why = Reason.REASONING_EXHAUSTION
        seq = self._escalation(flow.dfid, flow.account, why, flow.expires_at, status)
        if status is FlowStatus.ESCALATED:
            self.outputs.append(tell.escalation(case, int(why), attempts_of(flow), seq))

    def _escalation(
        self, dfid: bytes, account: str, reason: Reason, expires_at: int, status: FlowStatus
    ) -> int:
        entry = EscalationEntry(
            dfid=dfid, account=account, reason=int(reason), expires_at=expires_at, flow_status=status
        )
        return self.journal.add(EntryKind.ESCALATION, entry)
