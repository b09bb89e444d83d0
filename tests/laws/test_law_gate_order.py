"""The order of the gates is the order of the refusals: of two things wrong, the earlier one is named."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.gates import GATES
from schemas.reasons import Reason
from tests.campaign import FEW
from tests.faults import ESCALATING, FAULTS, Fault, compatible, law_says, played

REFUSING = [fault for fault in FAULTS if fault.reason not in ESCALATING]
PAIRS = [pair for pair in itertools.combinations(REFUSING, 2) if pair[0].stands_beside(pair[1])]


def of_gate(gate: int) -> list[Fault]:
    return [fault for fault in REFUSING if fault.reason.gate == gate]


def pair_of(first: int, second: int) -> tuple[Fault, Fault]:
    """One pair of these gates; which one turns with their numbers, so that every fault gets its turn."""
    found = [pair for pair in itertools.product(of_gate(first), of_gate(second)) if pair in PAIRS]
    return found[(first * 7 + second * 5) % len(found)]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_purchase_wrong_in_one_way_is_answered_by_that_reason(fault: Fault) -> None:
    assert played([fault]).ruling == law_says([fault])


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.combinations([number for number, _ in GATES], 2))
)
def test_of_two_gates_the_earlier_one_refuses(first: int, second: int) -> None:
    pair = pair_of(first, second)
    verdict, reason = played(pair).ruling
    assert (reason, reason.gate) == (pair[0].reason, first)
    assert verdict == law_says(pair)[0]


@FEW
@given(st.sampled_from(PAIRS))
def test_of_any_two_faults_the_earlier_reason_is_the_answer(pair: tuple[Fault, Fault]) -> None:
    assert played(pair).ruling == law_says(pair)


@FEW
@given(st.lists(st.sampled_from(FAULTS), unique_by=repr, max_size=9).map(compatible))
def test_of_any_faults_at_once_the_first_refusal_decides_and_a_person_only_without_one(
    faults: list[Fault],
) -> None:
    assert played(faults).ruling == law_says(faults)


def test_every_gate_has_a_fault_that_stands_beside_one_of_every_other_gate() -> None:
    numbers = [number for number, _ in GATES]
    assert {fault.reason.gate for fault in REFUSING} == set(numbers)
    for first, second in itertools.combinations(numbers, 2):
        assert pair_of(first, second)


def test_the_numbers_of_the_reasons_follow_the_gates() -> None:
    numbers = [number for number, _ in GATES]
    assert numbers == sorted(numbers)
    assert [reason.gate for reason in Reason] == sorted(reason.gate for reason in Reason)
