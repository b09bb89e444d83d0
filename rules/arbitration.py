"""Who wins a window: a pure function of a set of answers, so no order of arrival can matter.

HALT of a veto agent; else ESCALATE of a veto agent; else, unless a veto agent is missing, proposals (HOLD is
one, NO_PROPOSAL is not) by priority, confidence, agent id; with none, one ESCALATE escalates; else the window
closes. The arbiter computes it, the kernel computes it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from schemas.models import Action, Intent, Report, ReportKind
from schemas.reasons import ESCALATING_LANE_REASONS, LaneReason


class AnswerKind(StrEnum):
    """What an agent's answer is to a window."""

    PROPOSAL = "PROPOSAL"
    HOLD = "HOLD"
    HALT = "HALT"
    ESCALATE = "ESCALATE"
    NO_PROPOSAL = "NO_PROPOSAL"
    REFUSED = "REFUSED"  # it could not judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One agent's answer; priority and veto are those the flow names, digest is SHA-256 of the body's PAE."""

    agent_id: str
    priority: int
    veto: bool
    kind: AnswerKind
    confidence: Decimal
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What leaves the window, or None and why; ``escalation`` is the answer that asked for a person."""

    winner: bytes | None
    reason: LaneReason
    escalation: bytes | None = None


def kind_of(body: Intent | Report) -> AnswerKind:
    """How a decoded answer counts in a window."""
    if isinstance(body, Intent):
        kinds = {Action.HALT: AnswerKind.HALT, Action.HOLD: AnswerKind.HOLD}
        return kinds.get(body.action, AnswerKind.PROPOSAL)
    if body.kind in (ReportKind.ESCALATE, ReportKind.EXHAUSTED) or body.reason in ESCALATING_LANE_REASONS:
        return AnswerKind.ESCALATE
    return AnswerKind.NO_PROPOSAL if body.kind is ReportKind.NO_PROPOSAL else AnswerKind.REFUSED


def veto_missing(veto_agents: Iterable[str], answers: Iterable[Answer]) -> frozenset[str]:
    """The veto agents that have not judged: no answer, or one that says they could not."""
    judged = {answer.agent_id for answer in answers if answer.kind is not AnswerKind.REFUSED}
    return frozenset(veto_agents) - judged


def arbitrate(answers: Iterable[Answer], *, veto_agents_missing: frozenset[str]) -> Outcome:
    """The outcome of a window; the same for every order of ``answers``."""
    ranked = sorted(answers, key=_rank)
    vetoing = [answer for answer in ranked if answer.veto]
    if halt := _first(vetoing, AnswerKind.HALT):
        return Outcome(winner=halt.digest, reason=LaneReason.NONE)
    if escalation := _first(vetoing, AnswerKind.ESCALATE):
        return Outcome(winner=None, reason=LaneReason.ESCALATED_BY_VETO, escalation=escalation.digest)
    if veto_agents_missing or _first(vetoing, AnswerKind.REFUSED):
        # An agent that may forbid and could not judge has not allowed.
        return Outcome(winner=None, reason=LaneReason.VETO_MISSING)
    # A HALT without veto is outside its grant; it competes as a proposal and the kernel refuses it by name.
    if best := _first(ranked, AnswerKind.PROPOSAL, AnswerKind.HOLD, AnswerKind.HALT):
        return Outcome(winner=best.digest, reason=LaneReason.NONE)
    if escalation := _first(ranked, AnswerKind.ESCALATE):
        return Outcome(winner=None, reason=LaneReason.ESCALATED, escalation=escalation.digest)
    nothing = _first(ranked, AnswerKind.NO_PROPOSAL)
    return Outcome(winner=None, reason=LaneReason.NO_EDGE if nothing else LaneReason.NO_ANSWER)


def _rank(answer: Answer) -> tuple[int, Decimal, str, bytes]:
    return (answer.priority, answer.confidence.copy_negate(), answer.agent_id, answer.digest)


def _first(ranked: list[Answer], *kinds: AnswerKind) -> Answer | None:
    return next((answer for answer in ranked if answer.kind in kinds), None)
