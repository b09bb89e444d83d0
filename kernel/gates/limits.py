"""Gate 9: does the order stay within the contract's limits, as they hold now?"""

from __future__ import annotations

from kernel.case import Case
from kernel.figures import account_figures, resolved, shape
from kernel.ruling import Answer, Refusal
from rules.checker import check


def limits(case: Case) -> Answer:
    """All violations ride as facts; the first names the reason (the mechanical checker of both sides)."""
    assert case.account is not None
    found = check(shape(case), account_figures(case.state, case.account), resolved(case))
    if not found:
        return None
    figures = tuple(fact for violation in found for fact in violation.facts)
    return Refusal(reason=found[0].reason, facts=figures)
