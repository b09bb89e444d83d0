"""The figures that ride with a decision: reward for risk, distance of the stop, what one R is, a warning.

They decide nothing. Every division names its rounding; a figure without its parts is not there.
"""

from __future__ import annotations

from decimal import Decimal

from kernel import exact
from kernel.case import Case, Stance
from kernel.figures import resolved, shape
from kernel.gates.breakers import figures_for
from kernel.orders import SELLS, quantity_of
from rules.breakers import consistency_warning
from rules.exact import fact
from rules.measures import measured, r_multiple
from schemas.models import Action, Fact

TRADES = frozenset({Action.BUY, Action.SELL})


def bracket_facts(case: Case) -> tuple[Fact, ...]:
    """risk_reward, stop_distance_atr (each with its limit) and risk_usd of what gate 9 judged."""
    assert case.intent is not None
    if case.intent.action not in TRADES or case.stance is not Stance.INCREASING:
        return ()
    return measured(shape(case), resolved(case))


def accepted_facts(case: Case) -> tuple[Fact, ...]:
    """What an accepted decision tells beside its verdict."""
    if case.intent is None or case.account is None or case.grant is None:
        return ()
    if case.stance is Stance.INCREASING:
        return bracket_facts(case) + _warning(case)
    if case.stance is Stance.REDUCING and case.intent.action in SELLS:
        return _result(case)
    return ()


def _warning(case: Case) -> tuple[Fact, ...]:
    """The day's gain and the most of it that goes unsaid, when one day makes too much of the profit."""
    assert case.account is not None
    assert case.grant is not None
    contract = case.grant.contract
    return consistency_warning(figures_for(case.account, contract), contract.limits)


def _result(case: Case) -> tuple[Fact, ...]:
    """What leaving at the live price makes of the risk taken: in units of it, and in USD."""
    assert case.account is not None
    assert case.intent is not None
    assert case.intent.instrument is not None
    held, mark = case.account.held(case.intent.instrument), case.mark
    if mark is None or held.quantity <= 0:
        return ()
    quantity: Decimal = quantity_of(case)
    cost = exact.share(held.total_cost, quantity, held.quantity)
    result = fact("result_usd", exact.minus(exact.times(quantity, mark.bid), cost))
    multiple = r_multiple(mark.bid, held.quantity, held.total_cost, held.stop)
    return (result,) if multiple is None else (result, fact("r_multiple", multiple))
