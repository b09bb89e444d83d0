"""Getting out passes the breakers: no loss, rate, budget, size, confidence or drift keeps a desk in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import models as m
from schemas.reasons import Reason
from tests.build import BTC, World
from tests.campaign import FEW
from tests.faults import FAULTS, Fault, compatible, law_says, played


def much_later(world: World) -> None:
    """The context is old and the price is not: a live mark is all that getting out asks of gate 11."""
    world.tick(100)
    world.quote(BTC, "3000", "3001")


BEHIND = (Reason.REDUCING_ONLY, Reason.RATE_LIMITED, Reason.BUDGET_EXCEEDED, Reason.STALE_CONTEXT)
PASSED = [fault for fault in FAULTS if fault.reason.gate in (5, 9, 10) or fault.reason in BEHIND]
PASSED.append(Fault(reason=Reason.CONTEXT_TOO_OLD, after=much_later, kind="quote"))
BREAKERS = [fault for fault in FAULTS if fault.reason.gate == 5]
OUT = (m.Action.SELL, m.Action.CLOSE)
ACCEPTED = (m.Verdict.ACCEPTED, Reason.NONE)


@FEW
@given(st.lists(st.sampled_from(PASSED), unique_by=repr, max_size=12).map(compatible), st.sampled_from(OUT))
def test_a_reducing_action_passes_whatever_stands_against_taking_risk(
    faults: list[Fault], action: m.Action
) -> None:
    assert played(faults, action).ruling == ACCEPTED


@pytest.mark.parametrize("action", OUT)
def test_every_breaker_at_once_stops_a_purchase_and_no_exit(action: m.Action) -> None:
    assert played(BREAKERS).ruling == law_says(BREAKERS)
    assert played(BREAKERS, action).ruling == ACCEPTED


@pytest.mark.parametrize("fault", BREAKERS, ids=repr)
def test_a_sale_of_more_than_is_held_is_no_exit(fault: Fault) -> None:
    short = Fault(reason=Reason.INSUFFICIENT_POSITION, intent={"quantity": Decimal(10)})
    assert played([fault, short], m.Action.SELL).ruling == law_says([fault])
