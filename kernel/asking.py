"""Who asks for a person by an answer without an intent: an agent that may not act may not ask either."""

from __future__ import annotations

from collections.abc import Sequence

from kernel import opening
from kernel.claim import Inside
from kernel.state.accounts import Account
from kernel.state.whole import State
from rules.arbitration import AnswerKind, kind_of
from schemas.models import Report, ReportKind, Standing
from schemas.reasons import ESCALATING_LANE_REASONS, LaneReason

ASKING = frozenset({LaneReason.ESCALATED, LaneReason.ESCALATED_BY_VETO, LaneReason.EXHAUSTED})
OFFICES = frozenset({"arbiter", "selector"})
UNHEARD = frozenset({Standing.PASSIVE, Standing.SUSPENDED, Standing.RETIRED})


def lane_reason(inside: Inside) -> int:
    """The closed reason of an answer without an intent."""
    if inside.window is not None:
        return inside.window.reason
    return 0 if inside.report is None else inside.report.reason


def asks(inside: Inside) -> bool:
    """Whether an answer without an intent wants a person to decide."""
    reason, report = lane_reason(inside), inside.report
    asking = reason in ASKING or reason in ESCALATING_LANE_REASONS
    if report is None or inside.window is not None:
        return asking
    asked = asking or report.kind in (ReportKind.ESCALATE, ReportKind.EXHAUSTED)
    return asked and report.kind is not ReportKind.NO_PROPOSAL


def asking_agent(state: State, account: Account | None, inside: Inside, woken: Sequence[str]) -> str | None:
    """Whose token it spends: the author's, of a window that of the first to ask; None when nobody is heard.

    An office (a lane's arbiter, the selector) has no tokens: it asks with those of the first agent woken.
    """
    asked = [agent_id for agent_id in _askers(inside) if agent_id not in OFFICES]
    if not asked:
        return woken[0]
    if account is None:
        return min(asked)
    heard = [agent_id for agent_id in asked if state.standing(account, agent_id) not in UNHEARD]
    return min(heard, default=None)


def _askers(inside: Inside) -> list[str]:
    if inside.window is None or inside.report is not None:
        return [inside.agent_id]
    said = (opening.read(answer, Report) for answer in inside.window.answers)
    return [each.agent_id for each in said if each is not None and kind_of(each) is AnswerKind.ESCALATE]
