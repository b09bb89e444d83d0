"""Gate 6: is there rate, budget and an attempt left?"""

from __future__ import annotations

from kernel.case import Case
from kernel.ruling import Answer, Refusal, facts
from kernel.state.standing import STAMPS_MAX
from schemas.reasons import Reason

SECOND_US = 1_000_000


def admission(case: Case) -> Answer:
    """The rolling window (t − W, t], then the signed usage against the flow's budgets, then attempts."""
    assert case.intent is not None
    assert case.own is not None
    contract = case.own.contract  # how much an agent may think is its own affair, also in a child flow
    budget = contract.budget
    window, most = budget.window_s * SECOND_US, min(budget.proposals_per_window, STAMPS_MAX)
    admitted = case.agent.since(case.agent.admitted, case.now, window)
    if case.approval is None and admitted >= most:
        wait = case.agent.room_in(case.now, window, most)
        return Refusal(reason=Reason.RATE_LIMITED, facts=facts(measured=admitted, limit=most, wait_us=wait))
    overspent = _overspent(case)
    if overspent is not None:
        return overspent
    if case.known is not None and case.known.exhausted and case.approval is None:
        return Refusal(
            reason=Reason.REASONING_EXHAUSTION,
            facts=facts(measured=case.flow.attempt, limit=contract.max_attempts),
        )
    return None


def _overspent(case: Case) -> Refusal | None:
    """Tokens are summed over the flow's attempts; calls, rounds and steps are those of this answer."""
    assert case.intent is not None
    assert case.own is not None
    usage, budget = case.intent.usage, case.own.contract.budget
    spent = 0 if case.known is None else case.known.tokens.get(case.agent_id, 0)
    before = 0 if case.approval is None else usage.tokens_in + usage.tokens_out  # counted when it escalated
    figures = (
        (usage.model_calls, budget.max_model_calls),
        (usage.tool_calls, budget.max_tool_calls),
        (spent + usage.tokens_in + usage.tokens_out - before, budget.tokens_per_flow),
        (usage.rounds, budget.rounds_per_flow),
        (len(case.flow.steps), budget.max_steps),
    )
    for measured, limit in figures:
        if measured > limit:
            return Refusal(reason=Reason.BUDGET_EXCEEDED, facts=facts(measured=measured, limit=limit))
    return None
