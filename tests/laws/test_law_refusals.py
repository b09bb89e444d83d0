"""A refusal changes no balance: whatever is wrong, no money moves and nothing is held or promised."""

from hypothesis import given
from hypothesis import strategies as st

from schemas import models as m
from tests.campaign import FEW
from tests.faults import FAULTS, Fault, compatible, played

NO = (m.Verdict.REJECTED, m.Verdict.ESCALATED)


@FEW
@given(st.lists(st.sampled_from(FAULTS), unique_by=repr, min_size=1, max_size=4).map(compatible))
def test_whatever_a_refusal_is_for_no_balance_moves(faults: list[Fault]) -> None:
    found = played(faults)
    assert found.ruling[0] in NO
    assert found.after == found.before
    assert found.world.told(m.Envelope) == []  # and nothing leaves for the venue


def test_what_is_accepted_does_move_a_balance() -> None:
    found = played([])
    assert found.ruling[0] is m.Verdict.ACCEPTED
    assert found.after != found.before
