"""What is read and not yet stepped: ranks, causes, bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transport.intake import Intake
from transport.log import Record
from transport.processor import Input, Rank

INPUTS = (
    Input(topic="proposals", partitions=(0,), rank=Rank.PROPOSALS),
    Input(topic="market.signals", partitions=(0, 1), rank=Rank.MARKS),
    Input(topic="control", partitions=(0,), rank=Rank.CONTROL),
    Input(topic="flows", partitions=(1, 0), rank=Rank.FLOWS),
)


def record(topic: str, offset: int, partition: int = 0, cause: int | None = None) -> Record:
    value = None if cause is None else b"%d" % cause
    return Record(topic=topic, partition=partition, offset=offset, key=None, value=value)


def cause(one: Record) -> tuple[int, int] | None:
    return None if one.value is None else (0, int(one.value))


def intake(buffer_max: int = 1_000) -> Intake:
    made = Intake(INPUTS, cause, hold_ms=5_000, buffer_max=buffer_max)
    made.begin({})
    return made


def places(batch: list[Record]) -> list[tuple[str, int, int]]:
    return [(one.topic, one.partition, one.offset) for one in batch]


def test_a_batch_is_arranged_by_rank_then_partition_then_offset():
    one = intake()
    one.offer([record("proposals", 0), record("flows", 0, 1), record("flows", 0, 0)], 0)
    one.offer([record("market.signals", 0, 1), record("market.signals", 3), record("control", 2)], 0)
    one.offer([record("market.signals", 4), record("control", 5)], 0)
    assert places(one.take(100, 0)) == [
        ("control", 0, 2), ("control", 0, 5),
        ("market.signals", 0, 3), ("market.signals", 0, 4), ("market.signals", 1, 0),
        ("flows", 0, 0), ("flows", 1, 0),
        ("proposals", 0, 0),
    ]  # fmt: skip


def test_one_rank_is_drained_before_the_next_is_begun():
    one = intake()
    one.offer([record("proposals", 0), *(record("market.signals", n) for n in range(5))], 0)
    assert {topic for topic, _, _ in places(one.take(3, 0))} == {"market.signals"}
    one.offer([record("control", 0)], 0)
    assert [topic for topic, _, _ in places(one.take(3, 0))] == [
        "control",
        "market.signals",
        "market.signals",
    ]
    assert [topic for topic, _, _ in places(one.take(3, 0))] == ["proposals"]


def test_a_consequence_waits_for_its_cause_and_its_partition_waits_with_it():
    one = intake()
    one.offer([record("proposals", 0, cause=7), record("proposals", 1)], 0)
    assert one.take(100, 0) == []
    one.offer([record("market.signals", 6)], 1)
    assert places(one.take(100, 1)) == [("market.signals", 0, 6)]
    one.offer([record("market.signals", 7)], 2)
    assert places(one.take(100, 2)) == [("market.signals", 0, 7), ("proposals", 0, 0), ("proposals", 0, 1)]


def test_a_cause_that_never_comes_delays_a_partition_once_and_not_once_per_record():
    one = intake()
    one.offer([record("proposals", n, cause=1_000_000) for n in range(50)], 0)
    assert one.take(100, 4_999) == []
    assert len(one.take(100, 5_000)) == 50


def test_a_cause_on_a_partition_that_is_not_read_is_not_waited_for():
    one = Intake(INPUTS[:1], cause, hold_ms=5_000, buffer_max=10)
    one.begin({})
    one.offer([record("proposals", 0, cause=7)], 0)
    assert len(one.take(100, 0)) == 1


def test_a_cause_that_was_read_in_an_earlier_life_is_not_waited_for():
    one = Intake(INPUTS, cause, hold_ms=5_000, buffer_max=10)
    one.begin({("market.signals", 0): 8, ("proposals", 0): 3})
    one.offer([record("proposals", 3, cause=7)], 0)
    assert len(one.take(100, 0)) == 1


def test_a_partition_with_too_much_waiting_is_full_and_the_others_are_not():
    one = intake(buffer_max=3)
    one.offer([record("proposals", n, cause=9) for n in range(3)], 0)
    one.offer([record("control", 0)], 0)
    assert one.full == {("proposals", 0)}
    assert one.held == {("control", 0): 1, ("proposals", 0): 3}


@given(
    counts=st.dictionaries(
        st.sampled_from([("proposals", 0), ("market.signals", 0), ("market.signals", 1), ("control", 0)]),
        st.integers(0, 30),
    ),
    limits=st.lists(st.integers(1, 9), min_size=1, max_size=200),
)
def test_every_record_is_taken_once_in_partition_order_and_positions_follow(counts, limits):
    one = intake()
    for (topic, partition), count in sorted(counts.items()):
        one.offer([record(topic, n, partition) for n in range(count)], 0)
    taken: list[Record] = []
    for limit in limits:
        batch = one.take(limit, 0)
        assert len(batch) <= limit
        taken += batch
    assert one.buffered == sum(counts.values()) - len(taken)
    for (topic, partition), count in counts.items():
        got = [r.offset for r in taken if (r.topic, r.partition) == (topic, partition)]
        assert got == list(range(len(got)))
        assert one.positions[topic, partition] == len(got) <= count
