"""One genuine flow into one answer under the contract it names. Pure but for the speaker that is asked."""

from __future__ import annotations

from agents.answers import Spoken, answer
from agents.grammar import DecisionGrammar, compile_grammar
from agents.model.spoken import Speaker
from agents.opinions import Answer, Case, Nothing
from agents.sovereign import answer as atom_or_report
from rules.contract import Contract
from schemas.models import ReportKind, WokenAgent
from schemas.reasons import LaneReason
from topologies.genuine import Flow
from topologies.grants import Grants
from topologies.law import law_of

AGENT = "sovereign"


def think(
    flow: Flow, woken: WokenAgent, grants: Grants, speaker: Speaker, salt: bytes, now: int
) -> Spoken | None:
    """The answer to be signed; None while the contract the flow names has not been read.

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
        return _refused(case, LaneReason.DEADLINE, "the deadline had passed before the model was asked", salt)
    grammar = language_of(contract)
    if grammar is None:
        text = "the contract allows nothing that an atom can say"
        return _refused(case, LaneReason.NO_ALLOWED_TOKEN, text, salt)
    return atom_or_report(case, speaker, grammar, salt)


def language_of(contract: Contract) -> DecisionGrammar | None:
    """What may be said under a contract; None when nothing may."""
    grammar = compile_grammar(contract)
    return grammar if isinstance(grammar, DecisionGrammar) else None


def _refused(case: Case, reason: LaneReason, text: str, salt: bytes) -> Spoken:
    nothing = Nothing(kind=ReportKind.REFUSED, reason=reason, explain=f"{reason.name}: {text}")
    return answer(case, Answer(opinion=nothing), salt)
