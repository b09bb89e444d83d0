"""From an opinion to the message that is signed: one way for every agent, one flow gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from agents.opinions import Answer, Case, Draft, Nothing
from ledger.hashes import evidence_hash, explain_commitment, state_hash
from schemas.codec import encode
from schemas.models import Intent, IntentKind, Lane, Report, Usage

EXPLAIN_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What leaves the agent: the body to be signed, and the text its commitment opens to, sent before it."""

    body: Intent | Report
    text: str
    salt: bytes


def answer(case: Case, thought: Answer, salt: bytes) -> Spoken:
    """The body under ``case``'s flow. ``salt``: 32 bytes, this agent's own for (dfid, step, attempt)."""
    opinion = thought.opinion
    text = bounded(opinion.explain)
    match opinion:
        case Draft():
            body: Intent | Report = _intent(case, opinion, thought, explain_commitment(text, salt))
        case Nothing():
            body = _report(case, opinion, thought, explain_commitment(text, salt))
        case _:
            assert_never(opinion)
    return Spoken(body=body, text=text, salt=salt)


def bounded(text: str) -> str:
    """The text cut to at most 4 KiB of UTF-8, never inside a character."""
    return text.encode("utf-8")[:EXPLAIN_BYTES_MAX].decode("utf-8", "ignore")


def kind_of(lane: Lane) -> IntentKind:
    """What an intent is called in a lane."""
    match lane:
        case Lane.EOAM:
            return IntentKind.POLICY
        case Lane.SDS:
            return IntentKind.ATOM
        case Lane.DLPCI:
            return IntentKind.PCI
        case _:
            assert_never(lane)


def _usage(thought: Answer) -> Usage:
    # Time is no figure of a rule-based answer: it would make two answers to one flow differ.
    rounds = len(thought.rounds)
    return Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=rounds, inference_ms=0)


def _intent(case: Case, draft: Draft, thought: Answer, commitment: bytes) -> Intent:
    flow, contract = case.flow, case.contract
    h_state = state_hash(encode(flow.snapshot))
    evidence = None
    if flow.lane is Lane.DLPCI:
        evidence = evidence_hash(flow.dfid, h_state, case.woken.contract_hash, flow.snapshot.rules_hash)
    return Intent(
        ledger=flow.ledger,
        account=flow.account,
        lane=flow.lane,
        kind=kind_of(flow.lane),
        dfid=flow.dfid,
        flow_hash=case.flow_hash,
        step_id=flow.steps[0],
        attempt=flow.attempt,
        agent_id=contract.agent_id,
        contract_version=contract.version,
        action=draft.action,
        instrument=draft.instrument,
        quantity=draft.quantity,
        limit_price=draft.limit_price,
        stop=draft.stop,
        target_price=draft.target_price,
        time_in_force=draft.time_in_force,
        valid_from=flow.snapshot.taken_at,
        valid_until=flow.flow_expires_at,
        drift_envelope_bps=contract.drift.envelope_bps,
        state_hash=h_state,
        confidence=draft.confidence,
        usage=_usage(thought),
        guidance=draft.guidance,
        rounds=thought.rounds,
        explain_commitment=commitment,
        evidence=evidence,
        mandate=draft.mandate,
    )


def _report(case: Case, nothing: Nothing, thought: Answer, commitment: bytes) -> Report:
    flow = case.flow
    return Report(
        ledger=flow.ledger,
        account=flow.account,
        lane=flow.lane,
        dfid=flow.dfid,
        flow_hash=case.flow_hash,
        step_id=flow.steps[0],
        attempt=flow.attempt,
        agent_id=case.contract.agent_id,
        contract_version=case.contract.version,
        kind=nothing.kind,
        reason=int(nothing.reason),
        facts=nothing.facts,
        usage=_usage(thought),
        explain_commitment=commitment,
        at=flow.snapshot.taken_at,
    )
