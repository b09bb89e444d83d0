"""Whatever dies when: each output once, the state as if nothing had died, the world acted on once."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rails_tally import TOPICS, Crash, Outside, Tally, alive, committed, live
from transport.log import Fenced, OutcomeUnknown
from transport.saved import KEY, decoded
from transport.simulated_broker import SimulatedBroker

VALUES = [b"a", b"pay-1", b"b", b"pay-2", b"c"]


def filled() -> SimulatedBroker:
    broker = SimulatedBroker(TOPICS)
    for number, value in enumerate(VALUES):
        broker.append("market.signals", number % 2, b"k", value)
    broker.append("control", 0, b"k", b"stop that")
    return broker


class DiesAt:
    """A fault that kills at the n-th point reached, and remembers how many there were."""

    def __init__(self, number: int | None, error: type[BaseException] = Crash) -> None:
        self.number, self.error, self.reached, self.point = number, error, 0, ""

    def __call__(self, point: str) -> None:
        if self.reached == self.number:
            self.point = point
            self.reached += 1
            raise self.error(point)
        self.reached += 1


def check_all_is_as_if_undisturbed(broker: SimulatedBroker, outside: Outside) -> None:
    outs = committed(broker, "out")
    numbered = [out for out in outs if not out.startswith(b"done")]
    assert [int(out.split(b" ", 1)[0]) for out in numbered] == list(range(1, len(VALUES) + 2))
    assert sorted(out.split(b" ", 1)[1] for out in numbered) == sorted([*VALUES, b"stop that"])
    assert sorted(out for out in outs if out.startswith(b"done")) == [b"done pay-1", b"done pay-2"]
    assert sorted(outside.done) == [b"pay-1", b"pay-2"]
    state = {record.key: record.value for record in broker.read(("tally.state", 0), 0, 1_000_000)[0]}
    left = {key: value for key, value in state.items() if value is not None}
    assert left.keys() == {b"count", KEY}
    assert left[b"count"] == b"6"
    assert decoded(left[KEY]) == {("control", 0): 1, ("market.signals", 0): 3, ("market.signals", 1): 2}


def count_points() -> int:
    fault = DiesAt(None)
    live(filled(), Tally(Outside()), fault=fault)
    return fault.reached


def test_an_undisturbed_life_does_everything_once():
    broker, outside = filled(), Outside()
    live(broker, Tally(outside))
    check_all_is_as_if_undisturbed(broker, outside)
    assert outside.asked == 2


@pytest.mark.parametrize("error", [Crash, OutcomeUnknown])
@pytest.mark.parametrize("batch_max", [500, 2])
def test_a_death_at_every_single_point_changes_nothing(error, batch_max):
    points = set()
    for number in range(count_points() * 3):
        broker, outside, fault = filled(), Outside(), DiesAt(number, error)
        try:
            live(broker, Tally(outside), fault=fault, batch_max=batch_max)
        except BaseException as died:
            if not isinstance(died, error) and not isinstance(died.__cause__, error):
                raise
            points.add(fault.point)
            live(broker, Tally(outside), batch_max=batch_max)
        check_all_is_as_if_undisturbed(broker, outside)
    assert points >= {
        "init", "read", "assign", "poll", "step", "begin", "produce", "offsets", "commit", "committed",
        "perform", "performed",
    }  # fmt: skip


@given(
    deaths=st.lists(st.integers(0, 80), max_size=8),
    seed=st.integers(0, 2**32 - 1),
    batch_max=st.integers(1, 7),
)
def test_any_series_of_deaths_under_any_interleaving_changes_nothing(deaths, seed, batch_max):
    broker, outside, rng = filled(), Outside(), random.Random(seed)
    for number in deaths:
        try:
            live(broker, Tally(outside), fault=DiesAt(number), rng=rng, batch_max=batch_max)
        except Crash:
            continue
        break
    live(broker, Tally(outside), rng=rng, batch_max=batch_max)
    check_all_is_as_if_undisturbed(broker, outside)


@given(number=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
def test_a_process_that_was_thought_dead_cannot_write_after_its_successor(number, seed):
    broker, outside, rng = filled(), Outside(), random.Random(seed)
    reached = [0]

    def succeeded(point: str) -> None:
        reached[0] += 1
        if reached[0] == number and point not in ("init", "read"):
            live(broker, Tally(outside), rng=rng)

    with contextlib.suppress(Fenced):
        live(broker, Tally(outside), fault=succeeded)
    live(broker, Tally(outside))
    check_all_is_as_if_undisturbed(broker, outside)


def test_a_second_life_begins_where_the_first_one_ended():
    broker, outside = filled(), Outside()
    live(broker, Tally(outside))
    again = Tally(outside)
    live(broker, again)
    assert [topic for batch in again.batches for topic in batch] == []
    assert again.count == 6
    assert alive("never") is None
