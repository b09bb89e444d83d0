"""From the answers of a mesh window to the one record that leaves it; the kernel computes it again."""

from __future__ import annotations

from decimal import Decimal

from ledger.envelope import PAYLOAD_TYPES, digest, opened
from rules.arbitration import Answer, AnswerKind, arbitrate, kind_of, veto_missing
from schemas.models import Envelope, Intent, Report, WindowKind, WindowRecord, WokenAgent
from schemas.reasons import LaneReason
from topologies.arbiter.window import Window


def answer_of(envelope: Envelope, woken: WokenAgent) -> Answer:
    """One answer as arbitration sees it; priority and veto are those the flow names."""
    if envelope.payload_type == PAYLOAD_TYPES[Report]:
        body: Intent | Report = opened(envelope, Report)
    else:
        body = opened(envelope, Intent)
    return Answer(
        agent_id=woken.agent_id,
        priority=woken.priority,
        veto=woken.veto,
        kind=kind_of(body),
        confidence=body.confidence if isinstance(body, Intent) else Decimal(0),
        digest=digest(envelope),
    )


def closing_record(window: Window, now: int) -> WindowRecord:
    """The record of a window that is complete or past its deadline; a missing veto agent leaves no winner."""
    woken = {each.agent_id: each for each in window.flow.opened.woken}
    answers = [answer_of(envelope, woken[agent]) for agent, envelope in window.answers.items()]
    vetoes = [each.agent_id for each in window.flow.opened.woken if each.veto]
    outcome = arbitrate(answers, veto_agents_missing=veto_missing(vetoes, answers))
    kind = WindowKind.COMPLETE if window.complete else WindowKind.DEADLINE
    ordered = tuple(window.answers[agent] for agent in sorted(window.answers))
    return _record(window, kind, ordered, outcome.winner, outcome.reason, now)


def late_record(window: Window, envelope: Envelope, now: int) -> WindowRecord:
    """A HALT that missed its window: it travels alone, latches, and changes nothing else of its flow."""
    return _record(window, WindowKind.LATE, (envelope,), digest(envelope), LaneReason.NONE, now)


def is_halt(envelope: Envelope, woken: WokenAgent) -> bool:
    """Whether an answer is a HALT by an agent that may veto."""
    return woken.veto and answer_of(envelope, woken).kind is AnswerKind.HALT


def _record(
    window: Window,
    kind: WindowKind,
    answers: tuple[Envelope, ...],
    winner: bytes | None,
    reason: LaneReason,
    now: int,
) -> WindowRecord:
    flow = window.flow.opened
    return WindowRecord(
        ledger=flow.ledger,
        account=flow.account,
        dfid=flow.dfid,
        flow_hash=window.flow.h_flow,
        attempt=flow.attempt,
        kind=kind,
        answers=answers,
        winner=winner,
        reason=int(reason),
        at=now,
    )
