"""One flow, one agent, one answer: the pure middle of every rule-based worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agents import prover, risk, sentiment, strategy
from agents.answers import Spoken, answer, bounded
from agents.opinions import Answer, Case, Nothing, Opinion
from agents.refine import refine
from ledger.hashes import explain_commitment
from schemas.models import Explanation, Lane, Report, ReportKind, Usage, WokenAgent
from schemas.reasons import LaneReason
from topologies.genuine import Flow
from topologies.grants import Grants
from topologies.law import law_of
from transport.log import Produce

Decide = Callable[[Case], Opinion]
NO_USAGE = Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=0, inference_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an agent does, on which road, and whether the mechanical checker stands before its signature."""

    lane: Lane
    decide: Decide
    refined: bool = True


ROLES: Mapping[str, Role] = {
    "risk": Role(lane=Lane.EOAM, decide=risk.decide),
    "strategy": Role(lane=Lane.EOAM, decide=strategy.decide),
    "sentiment": Role(lane=Lane.EOAM, decide=sentiment.decide),
    # An instruction is not ours to shrink: over its limits it is refused by the kernel, by name.
    "prover": Role(lane=Lane.DLPCI, decide=prover.decide, refined=False),
}


def woken_in(flow: Flow, agent_id: str) -> WokenAgent | None:
    """How the flow names this agent; None when it was not woken, and so owes no answer."""
    return next((each for each in flow.opened.woken if each.agent_id == agent_id), None)


def think(role: Role, flow: Flow, woken: WokenAgent, grants: Grants, salt: bytes) -> Spoken | None:
    """The answer to be signed; None while the contract the flow names has not been read."""
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
    return answer(case, _thought(role, case), salt)


def _thought(role: Role, case: Case) -> Answer:
    unconcerned = Nothing(
        reason=LaneReason.NOT_CONCERNED,
        explain=f"{case.instrument} is not among the instruments of this contract",
    )
    if case.instrument not in case.contract.allowed_instruments:
        return Answer(opinion=unconcerned)
    opinion = role.decide(case)
    return refine(case, opinion) if role.refined else Answer(opinion=opinion)


def contract_unknown(flow: Flow, woken: WokenAgent, salt: bytes) -> Spoken:
    """The answer of an agent that was not told its contract in time: refused, by name."""
    opened = flow.opened
    text = bounded(
        f"the contract {woken.contract_hash.hex()} of version {woken.version} was not released here"
    )
    body = Report(
        ledger=opened.ledger,
        account=opened.account,
        lane=opened.lane,
        dfid=opened.dfid,
        flow_hash=flow.h_flow,
        step_id=opened.steps[0],
        attempt=opened.attempt,
        agent_id=woken.agent_id,
        contract_version=woken.version,
        kind=ReportKind.REFUSED,
        reason=int(LaneReason.CONTRACT_UNKNOWN),
        facts=(),
        usage=NO_USAGE,
        explain_commitment=explain_commitment(text, salt),
        at=opened.snapshot.taken_at,
    )
    return Spoken(body=body, text=text, salt=salt)


def explanation(flow: Flow, spoken: Spoken, grants: Grants, partition: int) -> Produce:
    """The record on ``explanations`` that stands before the answer it explains."""
    body = spoken.body
    key = f"{body.dfid.hex()}:{body.step_id}:{body.attempt}:{body.agent_id}"
    value = grants.ids.pack(Explanation(text=spoken.text, salt=spoken.salt))
    return Produce(topic="explanations", partition=partition, key=key.encode(), value=value)
