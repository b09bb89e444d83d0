"""Gate 9: does the order stay within the contract's limits, as they hold now?"""

from __future__ import annotations

from kernel.case import Case
from kernel.figures import account_figures, resolved, shape
from kernel.measures import bracket_facts
from kernel.ruling import Answer, Refusal
from rules.checker import check
from schemas.reasons import Reason

GATE = 9


def limits(case: Case) -> Answer:
    """All violations ride as facts; the first names the reason (the mechanical checker of both sides)."""
    assert case.account is not None
    found = check(shape(case), account_figures(case.state, case.account), resolved(case))
    if not found:
        return None
    figures = [fact for violation in found for fact in violation.facts]
    named = {fact.name for fact in figures}
    figures += [fact for fact in bracket_facts(case) if fact.name not in named]
    first = found[0].reason
    # A figure that is none (a quote below zero) is to an order as if it were missing.
    reason = first if first.gate == GATE else Reason.PARAMETER_MISSING
    return Refusal(reason=reason, facts=tuple(figures))
