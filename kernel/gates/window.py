"""The kernel arbitrates again: the winner an arbiter names is the one the answers give, or nothing leaves."""

from __future__ import annotations

from decimal import Decimal

from kernel import opening
from kernel.case import Case
from rules.arbitration import Answer, AnswerKind, arbitrate, kind_of, veto_missing
from schemas.models import Intent, Report, WindowKind, WindowRecord

ZERO = Decimal(0)


def window_matches(case: Case) -> bool:
    """Say whether a window is this flow's, complete as it claims, and its outcome the one we compute."""
    window = case.claim.window
    if window is None:
        return True
    if (window.dfid, window.flow_hash, window.attempt) != (
        case.flow.dfid,
        case.claim.flow_hash,
        case.flow.attempt,
    ):
        return False
    answers = answers_of(case, window)
    if answers is None:
        return False
    if window.kind is WindowKind.LATE:
        return _is_late_halt(window, answers)
    present = {answer.agent_id for answer in answers}
    complete = present == {each.agent_id for each in case.flow.woken}
    if window.kind is WindowKind.COMPLETE and not complete:
        return False
    if window.kind is WindowKind.DEADLINE and case.now <= case.flow.deadline:
        return False  # nobody may close a window early to leave an answer out
    vetoes = [each.agent_id for each in case.flow.woken if each.veto]
    outcome = arbitrate(answers, veto_agents_missing=veto_missing(vetoes, answers))
    return (outcome.winner, int(outcome.reason)) == (window.winner, window.reason)


def answers_of(case: Case, window: WindowRecord) -> list[Answer] | None:
    """The answers as arbitration sees them; None when one is foreign to the flow or an agent stands twice."""
    woken = {each.agent_id: each for each in case.flow.woken}
    answers: dict[str, Answer] = {}
    for envelope in window.answers:
        body = opening.read(envelope, Intent) or opening.read(envelope, Report)
        agent = None if body is None else woken.get(body.agent_id)
        if body is None or agent is None or body.agent_id in answers:
            return None
        if (body.dfid, body.flow_hash, body.attempt) != (window.dfid, window.flow_hash, window.attempt):
            return None
        answers[body.agent_id] = Answer(
            agent_id=body.agent_id,
            priority=agent.priority,
            veto=agent.veto,
            kind=kind_of(body),
            confidence=body.confidence if isinstance(body, Intent) else ZERO,
            digest=opening.digest(envelope),
        )
    return list(answers.values())


def _is_late_halt(window: WindowRecord, answers: list[Answer]) -> bool:
    if len(answers) != 1 or window.winner != answers[0].digest:
        return False
    return answers[0].veto and answers[0].kind is AnswerKind.HALT
