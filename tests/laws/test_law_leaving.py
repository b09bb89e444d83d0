"""What leaves, leaves in the order of a heap, whether it came one by one or was given back in packs."""

from __future__ import annotations

import heapq
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.state.leaving import Leaving
from tests.campaign import FEW

PAIRS = st.tuples(st.integers(-3, 12), st.integers(0, 9).map(lambda number: bytes([number])))
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), PAIRS),
        st.tuples(st.just("restored"), st.lists(PAIRS, min_size=1, max_size=6)),
        st.tuples(st.sampled_from(("pop", "first", "due")), st.integers(-4, 13)),
    ),
    max_size=60,
)


@FEW
@given(ACTS)
def test_packed_or_not_it_is_a_heap(acts: list[tuple[str, Any]]) -> None:
    leaving, heap = Leaving(), list[tuple[int, bytes]]()
    for what, told in acts:
        match what:
            case "push":
                leaving.push(*told)
                heapq.heappush(heap, told)
            case "restored":
                leaving.restored(array("q", [at for at, _ in told]), [key for _, key in told])
                for pair in told:
                    heapq.heappush(heap, pair)
            case "due":
                assert leaving.due(told) is bool(heap and heap[0][0] <= told)
            case "first" if heap:
                assert leaving.first() == heap[0][0]
            case "pop" if heap:
                assert leaving.pop() == heapq.heappop(heap)
            case _:
                with pytest.raises(IndexError):
                    leaving.pop()
        assert (len(leaving), sorted(leaving)) == (len(heap), sorted(heap))
    assert [leaving.pop() for _ in range(len(leaving))] == sorted(heap)


def test_a_pack_stays_one_until_its_first_may_be_asked_for() -> None:
    leaving = Leaving()
    leaving.push(5, b"a")
    leaving.restored(array("q", [9, 6]), [b"b", b"c"])
    assert (leaving.due(5), leaving.pop(), len(leaving._packs)) == (True, (5, b"a"), 1)
    assert (leaving.first(), len(leaving._packs)) == (6, 0)
