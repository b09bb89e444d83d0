"""What the simulated broker has to show a campaign that a quiet real one shows too seldom."""

from __future__ import annotations

import random

import pytest

from transport.clock import LiveClock
from transport.log import Fenced, Produce
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

A, B = ("a", 0), ("b", 0)


def late() -> SimulatedBroker:
    return SimulatedBroker({"a": 1, "b": 1}, late=True)


def started(broker: SimulatedBroker, name: str = "copy", **options: object) -> SimulatedLog:
    log = SimulatedLog(broker, name, 0, **options)  # type: ignore[arg-type]  # options by name
    log.init()
    log.assign({A: 0, B: 0})
    return log


def both(value: bytes) -> list[Produce]:
    return [Produce(topic=topic, partition=0, key=None, value=value) for topic in ("a", "b")]


def seen(broker: SimulatedBroker) -> tuple[list[bytes | None], list[bytes | None]]:
    first, second = ([record.value for record in broker.read(at, 0, 9)[0]] for at in (A, B))
    return first, second


def test_a_commit_is_seen_partition_by_partition_as_its_markers_arrive():
    broker = late()
    log = started(broker)
    log.transact(both(b"1"), {})
    assert seen(broker) == ([], [])
    broker.settle("interlock-copy-live-0", B)
    assert seen(broker) == ([], [b"1"])
    broker.settle("interlock-copy-live-0", A)
    assert seen(broker) == ([b"1"], [b"1"])
    assert broker.unsettled() == []


def test_what_stands_behind_a_late_marker_is_hidden_with_it():
    broker = late()
    started(broker).transact(both(b"1"), {})
    broker.append("a", 0, None, b"behind")
    assert broker.read(A, 0, 9) == ([], 0)
    broker.settle("interlock-copy-live-0")
    assert seen(broker)[0] == [b"1", b"behind"]


def test_the_next_transaction_waits_for_the_last_ones_markers():
    broker = late()
    log = started(broker)
    log.transact(both(b"1"), {})
    log.transact(both(b"2"), {})
    assert seen(broker) == ([b"1"], [b"1"])


def test_a_successor_waits_for_its_predecessors_markers_and_for_nobody_elses():
    broker = late()
    started(broker).transact(both(b"1"), {})
    started(broker, "other").transact(both(b"2"), {})
    assert [record.value for record in started(broker).records("a", 0, 0)] == [b"1"]
    assert seen(broker) == ([b"1"], [b"1"])


def test_a_transaction_open_too_long_is_aborted_and_its_owner_fenced():
    broker = late()
    died: list[str] = []

    def times_out(point: str) -> None:
        if point == "commit":
            assert broker.time_out("interlock-copy-live-0")
            died.append(point)

    log = started(broker, fault=times_out)
    with pytest.raises(Fenced):
        log.transact(both(b"1"), {})
    assert died == ["commit"]
    assert seen(broker) == ([], [])
    assert not broker.time_out("interlock-copy-live-0")


def test_a_partition_may_answer_nothing_while_the_others_do():
    broker = SimulatedBroker({"a": 1, "b": 1})
    for topic in ("a", "b"):
        broker.append(topic, 0, None, topic.encode())
    away = {A}
    log = started(broker, withheld=lambda at: at in away)
    assert [record.value for record in log.poll(9, 0, frozenset())] == [b"b"]
    away.clear()
    assert [record.value for record in log.poll(9, 0, frozenset())] == [b"a"]


def test_partitions_answer_in_an_order_of_the_die_and_each_in_its_own():
    broker = SimulatedBroker({"a": 1, "b": 1})
    for number in range(5):
        broker.append("a", 0, None, b"a%d" % number)
        broker.append("b", 0, None, b"b%d" % number)
    orders = set()
    for seed in range(20):
        log = started(broker, f"copy{seed}", rng=random.Random(seed))
        found: list[bytes] = []
        while len(found) < 10:
            found += [record.value or b"" for record in log.poll(9, 0, frozenset())]
        orders.add(tuple(found))
        assert [value for value in found if value[:1] == b"a"] == [b"a%d" % number for number in range(5)]
    assert len(orders) > 1


def test_the_loops_clock_stands_where_the_walls_goes_back():
    wall = iter([5_000, 9_000, 2_000, 10_000])
    clock = LiveClock(lambda: next(wall))
    assert [clock.now() for _ in range(4)] == [5, 9, 9, 10]
