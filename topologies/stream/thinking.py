"""Genuine flows into answers under the contracts they name. Pure but for the model that is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.answers import Spoken
from agents.grammar import DecisionGrammar, compile_grammar
from agents.model.spoken import Silent
from agents.model.spoken import Spoken as Sentence
from agents.opinions import Case, Nothing
from agents.sovereign import Question, Thought, concluded, question, signable
from rules.contract import Contract
from schemas.models import ReportKind, WokenAgent
from schemas.reasons import LaneReason
from topologies.genuine import Flow
from topologies.grants import Grants
from topologies.law import law_of
from topologies.stream.voice import Speaking

AGENT = "sovereign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One flow that will be answered. asked: the question, or why there is none to ask."""

    flow: Flow
    case: Case
    salt: bytes
    asked: Question | Nothing
    grammar: DecisionGrammar | None

    @property
    def question(self) -> tuple[str, DecisionGrammar] | None:
        """What the model is asked; None when it is not."""
        if isinstance(self.asked, Nothing) or self.grammar is None:
            return None
        return self.asked.text, self.grammar

    def thought(self, asked: Question, heard: Sentence | Silent, *, changed: bool, now: int) -> Thought:
        """What the agent came to from what was heard."""
        if changed:
            text = "another version of the contract was released while the model spoke"
            return Thought(opinion=refused(LaneReason.CONTRACT_CHANGED, text), heard=heard)
        if now > self.case.flow.deadline:
            text = "the deadline passed while the model spoke"
            return Thought(opinion=refused(LaneReason.DEADLINE, text), heard=heard)
        return concluded(self.case, asked, heard)


def pending(flow: Flow, woken: WokenAgent, grants: Grants, salt: bytes, now: int) -> Pending | None:
    """What is to be answered; None while the contract the flow names has not been read.

    now: micros UTC; an answer after the flow's deadline would only be refused further on, so it says so here.
    """
    contract = law_of(flow.opened, woken, grants)
    if contract is None:
        return None
    case = Case(
        flow=flow.opened,
        flow_hash=flow.h_flow,
        record=flow.record,
        woken=woken,
        contract=contract,
        terms=grants.terms,
    )
    if now > flow.opened.deadline:
        late = refused(LaneReason.DEADLINE, "the deadline had passed before the model was asked")
        return Pending(flow=flow, case=case, salt=salt, asked=late, grammar=None)
    grammar = language_of(contract)
    if grammar is None:
        mute = refused(LaneReason.NO_ALLOWED_TOKEN, "the contract allows nothing that an atom can say")
        return Pending(flow=flow, case=case, salt=salt, asked=mute, grammar=None)
    return Pending(flow=flow, case=case, salt=salt, asked=question(case), grammar=grammar)


def answered(
    those: Sequence[Pending], speaker: Speaking, in_force: Callable[[], bytes | None], now: Callable[[], int]
) -> list[Spoken]:
    """The answer to be signed to each flow, in their order; one inference for all that ask.

    now: micros UTC, asked once more when the model has spoken: a flow whose deadline passed meanwhile gets no
    atom. in_force: H_contract of the newest contract. Where another is released while the model speaks, what
    was said is thrown away: nobody shall have to ask which of the two it was said under.
    """
    before = in_force()
    asking = [each.question for each in those if each.question is not None]
    heard = iter(speaker.speak_many(asking) if asking else [])
    changed, over = in_force() != before, now()
    thoughts = [
        Thought(opinion=each.asked)
        if isinstance(each.asked, Nothing)
        else each.thought(each.asked, next(heard), changed=changed, now=over)
        for each in those
    ]
    return [signable(each.case, thought, each.salt) for each, thought in zip(those, thoughts, strict=True)]


def language_of(contract: Contract) -> DecisionGrammar | None:
    """What may be said under a contract; None when nothing may."""
    grammar = compile_grammar(contract)
    return grammar if isinstance(grammar, DecisionGrammar) else None


def refused(reason: LaneReason, text: str) -> Nothing:
    """Why the model was not asked, or not believed."""
    return Nothing(kind=ReportKind.REFUSED, reason=reason, explain=f"{reason.name}: {text}")
