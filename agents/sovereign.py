"""The stream agent: one flow, one look, one sentence, one atom or one reasoned report. Pure.

The same flow gives the same bytes: nothing here measures time (usage.inference_ms stays 0, the worker's
metrics know it) and every timestamp comes from the flow.
"""

from dataclasses import dataclass
from decimal import Decimal

from agents.grammar import DecisionGrammar
from agents.model.check import violations
from agents.model.explain import explained
from agents.model.prompt import levels, prompt
from agents.model.render import Grid, NoRoom, Order, Scene, render
from agents.model.sight import observe
from agents.model.spoken import Silent, Speaker, Spoken
from ledger.hashes import explain_commitment, state_hash
from rules.contract import Contract, Limits
from schemas.codec import encode
from schemas.models import (
    Action,
    Fact,
    FlowOpened,
    Generation,
    Intent,
    IntentKind,
    Lane,
    Report,
    ReportKind,
    TimeInForce,
    Usage,
)
from schemas.reasons import LaneReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One flow as this agent meets it.

    flow_hash: H_flow; limits: the contract's own or tighter; salt: 32 bytes of this step's explanation.
    """

    flow: FlowOpened
    flow_hash: bytes
    contract: Contract
    limits: Limits
    grid: Grid
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is signed, and the text its commitment opens to."""

    body: Intent | Report
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    kind: ReportKind
    reason: LaneReason
    facts: tuple[Fact, ...] = ()
    note: str = ""


NO_USAGE = Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=0, inference_ms=0)


def answer(case: Case, speaker: Speaker, grammar: DecisionGrammar) -> Answer:
    """One atom, or a report that says by name why there is none."""
    scene = _scene(case)
    if isinstance(scene, _Refused):
        return refused(case, scene.kind, scene.reason, note=scene.note)
    seen = observe(scene)
    if isinstance(seen, str):
        return refused(
            case, ReportKind.REFUSED, LaneReason.FEATURES_MISSING, note=f"no {seen} in the snapshot"
        )
    asked = prompt(levels(seen))
    heard = speaker.speak(asked, grammar)
    if isinstance(heard, Silent):
        facts = (_fact("mass", heard.mass), _fact("margin", heard.margin))
        note = f"to {asked} the model was not sure enough"
        return refused(case, ReportKind.REFUSED, heard.reason, facts=facts, note=note, usage=_usage(heard))
    return _atom(case, scene, asked, heard)


def refused(
    case: Case,
    kind: ReportKind,
    reason: LaneReason,
    *,
    facts: tuple[Fact, ...] = (),
    note: str = "",
    usage: Usage = NO_USAGE,
) -> Answer:
    """A report under this flow; `note` is for people and never signed in clear."""
    flow = case.flow
    text = f"{reason.name}: {note}" if note else reason.name
    body = Report(
        ledger=flow.ledger,
        account=flow.account,
        lane=flow.lane,
        dfid=flow.dfid,
        flow_hash=case.flow_hash,
        step_id=flow.steps[0],
        attempt=flow.attempt,
        agent_id=case.contract.agent_id,
        contract_version=case.contract.version,
        kind=kind,
        reason=int(reason),
        facts=facts,
        usage=usage,
        explain_commitment=explain_commitment(text, case.salt),
        at=flow.snapshot.taken_at,
    )
    return Answer(body=body, text=text)


def _scene(case: Case) -> Scene | _Refused:
    wanted = case.flow.trigger.instrument
    view = next((v for v in case.flow.snapshot.instruments if v.instrument == wanted), None)
    if wanted not in case.contract.allowed_instruments:
        note = "the trigger's instrument is not in the contract"
        return _Refused(kind=ReportKind.NO_PROPOSAL, reason=LaneReason.NOT_CONCERNED, note=note)
    if view is None:
        note = "the snapshot has no view of the trigger's instrument"
        return _Refused(kind=ReportKind.REFUSED, reason=LaneReason.FEATURES_MISSING, note=note)
    return Scene(
        contract=case.contract, limits=case.limits, snapshot=case.flow.snapshot, view=view, grid=case.grid
    )


def _atom(case: Case, scene: Scene, asked: str, heard: Spoken) -> Answer:
    order = render(heard.slots, scene)
    if isinstance(order, NoRoom):
        facts = (_fact("room", order.room), _fact("size_pct", Decimal(heard.slots.size)))
        note = f"{heard.text}, but the contract leaves less than one lot"
        usage = _usage(heard)
        return refused(case, ReportKind.NO_PROPOSAL, LaneReason.NO_EDGE, facts=facts, note=note, usage=usage)
    broken = violations(heard.text, order, scene)
    if broken:
        counted = (_fact("violations", Decimal(len(broken))),)
        note = f"{heard.text} rendered as {order} breaks {', '.join(broken)}"
        usage = _usage(heard)
        return refused(
            case, ReportKind.REFUSED, LaneReason.OUTSIDE_CONTRACT, facts=counted, note=note, usage=usage
        )
    text = explained(asked, heard, order)
    return Answer(body=_intent(case, scene, heard, order, text), text=text)


def _intent(case: Case, scene: Scene, heard: Spoken, order: Order, text: str) -> Intent:
    flow = case.flow
    return Intent(
        ledger=flow.ledger,
        account=flow.account,
        lane=Lane.SDS,
        kind=IntentKind.ATOM,
        dfid=flow.dfid,
        flow_hash=case.flow_hash,
        step_id=flow.steps[0],
        attempt=flow.attempt,
        agent_id=case.contract.agent_id,
        contract_version=case.contract.version,
        action=Action(order.action),
        instrument=scene.view.instrument,
        quantity=order.quantity,
        limit_price=order.limit_price,
        stop=order.stop,
        target_price=order.target_price,
        time_in_force=TimeInForce.IOC,
        valid_from=flow.snapshot.taken_at,
        valid_until=flow.flow_expires_at,
        drift_envelope_bps=case.contract.drift.envelope_bps,
        state_hash=state_hash(encode(flow.snapshot)),
        confidence=Decimal(heard.slots.confidence).scaleb(-2),
        usage=_usage(heard),
        rounds=(),
        explain_commitment=explain_commitment(text, case.salt),
        generation=Generation(
            model_hash=heard.model_hash,
            grammar_hash=heard.grammar_hash,
            prompt_hash=heard.prompt_hash,
            fingerprint=heard.fingerprint,
            text=heard.text,
            mass=heard.mass,
            margin=heard.margin,
        ),
    )


def _usage(heard: Spoken | Silent) -> Usage:
    return Usage(
        model_calls=1,
        tool_calls=0,
        tokens_in=heard.tokens_in,
        tokens_out=heard.tokens_out,
        rounds=0,
        inference_ms=0,
    )


def _fact(name: str, value: Decimal) -> Fact:
    return Fact(name=name, value=value)
