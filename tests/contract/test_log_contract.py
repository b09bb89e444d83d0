"""What every `Log` must do; the simulated one proves something only because Kafka does the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.rails_worlds import KafkaWorld, Late, SimulatedWorld, World
from transport.kill_points import KillPoint, arm
from transport.log import Fenced, Log, OutcomeUnknown, Position, PositionLost, Produce, Record, Refused

SIGNALS: Position = ("market.signals", 0)
OTHERS: Position = ("market.signals", 1)


@pytest.fixture(params=["simulated", "late markers", pytest.param("kafka", marks=pytest.mark.broker)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "simulated":
        return SimulatedWorld()
    if request.param == "late markers":
        return Late()
    return KafkaWorld(request.getfixturevalue("broker"))


def out(value: bytes, key: bytes | None = b"k", topic: str = "out") -> Produce:
    return Produce(topic=topic, partition=0, key=key, value=value, headers=(("h", b"1"),))


def polled(log: Log, count: int, full: frozenset[Position] = frozenset()) -> list[Record]:
    """Poll until `count` records came, and once more to see that no more do."""
    found: list[Record] = []
    for _ in range(100):
        if len(found) >= count:
            break
        found += log.poll(100, 100, full)
    return found + log.poll(100, 200, full)


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


class DiedError(BaseException):
    """The process dies here."""


@contextmanager
def dying_at(wanted: KillPoint) -> Iterator[None]:
    """The process dies at this point of its next transaction."""

    def hook(point: KillPoint) -> None:
        if point is wanted:
            raise DiedError(point)

    arm(hook)
    try:
        yield
    finally:
        arm(None)


def begun(world: World, positions: dict[Position, int] | None = None) -> Log:
    log = world.log()
    log.init()
    log.assign(positions or {SIGNALS: 0})
    return log


def test_records_come_in_order_under_their_base_name(world):
    for value in (b"a", b"b", b"c"):
        world.append("market.signals", value)
    log = begun(world)
    found = polled(log, 3)
    assert values(found) == [b"a", b"b", b"c"]
    assert [(r.topic, r.partition, r.offset, r.key) for r in found] == [
        ("market.signals", 0, offset, b"k") for offset in range(3)
    ]
    log.close()


def test_reading_starts_at_the_position(world):
    for value in (b"a", b"b", b"c"):
        world.append("market.signals", value)
    log = begun(world, {SIGNALS: 2})
    assert values(polled(log, 1)) == [b"c"]
    log.close()


def test_null_keys_and_null_values_arrive_as_none(world):
    world.append("market.signals", None, key=b"gone")
    world.append("market.signals", b"v", key=None)
    log = begun(world)
    assert [(r.key, r.value) for r in polled(log, 2)] == [(b"gone", None), (None, b"v")]
    log.close()


def test_a_full_partition_is_not_read_until_it_is_no_longer_full(world):
    world.append("market.signals", b"a")
    world.append("market.signals", b"b", partition=1)
    log = begun(world, {SIGNALS: 0, OTHERS: 0})
    assert values(polled(log, 1, frozenset({SIGNALS}))) == [b"b"]
    assert values(polled(log, 1)) == [b"a"]
    log.close()


def test_an_open_transaction_hides_itself_and_what_stands_behind_it(world):
    foreign = world.foreign()
    foreign.begin()
    foreign.produce("market.signals", b"open")
    world.append("market.signals", b"behind")
    log = begun(world)
    assert polled(log, 0) == []
    foreign.commit()
    assert values(polled(log, 2)) == [b"open", b"behind"]
    log.close()


def test_aborted_records_are_never_given(world):
    foreign = world.foreign()
    foreign.begin()
    foreign.produce("market.signals", b"aborted")
    foreign.abort()
    world.append("market.signals", b"kept")
    log = begun(world)
    (kept,) = polled(log, 1)
    assert kept.value == b"kept"
    assert kept.offset in (1, 2)  # aborted records keep their offsets; a late marker comes after this one
    assert values(list(log.records("market.signals", 0, 0))) == [b"kept"]
    log.close()


def test_a_transaction_writes_records_and_offsets_together(world):
    world.append("market.signals", b"a")
    log = begun(world)
    polled(log, 1)
    assert world.group_offset(SIGNALS) is None
    log.transact([out(b"1"), out(b"2")], {SIGNALS: 1})
    found = list(log.records("out", 0, 0))
    assert values(found) == [b"1", b"2"]
    assert found[0].headers == (("h", b"1"),)
    assert world.group_offset(SIGNALS) == 1
    log.close()


def test_a_transaction_of_offsets_only_shows_how_far_was_read(world):
    world.append("market.signals", b"a")
    log = begun(world)
    log.transact([], {SIGNALS: 1})
    assert world.group_offset(SIGNALS) == 1
    log.close()


def test_bounded_reading_ends_although_the_end_is_a_marker(world):
    log = begun(world)
    for number in range(3):
        log.transact([out(b"%d" % number)], {})
    assert values(list(log.records("out", 0, 0))) == [b"0", b"1", b"2"]
    assert [r.offset for r in log.records("out", 0, 2)] == [2, 4]
    assert list(log.records("out", 0, 6)) == []
    log.close()


def test_an_empty_partition_reads_as_nothing(world):
    log = begun(world)
    assert list(log.records("out", 0, 0)) == []
    assert log.compacted("copy.state", 0) == {}
    log.close()


def test_compacted_gives_the_last_value_of_every_key_and_no_tombstones(world):
    log = begun(world)
    log.transact([out(b"1", b"a", "copy.state"), out(b"1", b"b", "copy.state")], {})
    log.transact([out(b"2", b"a", "copy.state")], {})
    log.transact([Produce(topic="copy.state", partition=0, key=b"b", value=None)], {})
    assert log.compacted("copy.state", 0) == {b"a": b"2"}
    log.close()


def test_a_newer_process_fences_an_older_one(world):
    older = begun(world)
    older.transact([out(b"old")], {})
    newer = begun(world)
    with pytest.raises(Fenced):
        older.transact([out(b"zombie")], {SIGNALS: 7})
    newer.transact([out(b"new")], {})
    assert values(list(newer.records("out", 0, 0))) == [b"old", b"new"]
    assert world.group_offset(SIGNALS) is None
    older.close()
    newer.close()


def test_without_isolation_open_and_aborted_records_are_seen_too(world):
    foreign = world.foreign()
    foreign.begin()
    foreign.produce("market.signals", b"aborted")
    foreign.abort()
    foreign.begin()
    foreign.produce("market.signals", b"open")
    assert world.uncommitted("market.signals") == [b"aborted", b"open"]
    log = begun(world)
    assert polled(log, 0) == []
    foreign.commit()
    log.close()


def test_a_start_ends_the_open_transaction_of_its_predecessor(world):
    dead = begun(world)
    with dying_at(KillPoint.BEFORE_COMMIT), pytest.raises(DiedError):
        dead.transact([out(b"never")], {SIGNALS: 1})
    assert world.uncommitted("out") in ([b"never"], [])  # the client may not have sent it yet
    newer = begun(world)
    assert values(list(newer.records("out", 0, 0))) == []
    newer.transact([out(b"new")], {})
    assert values(list(newer.records("out", 0, 0))) == [b"new"]
    assert world.group_offset(SIGNALS) is None
    dead.close()
    newer.close()


def test_after_a_start_all_that_the_predecessor_committed_is_there(world):
    dead = begun(world)
    with dying_at(KillPoint.AFTER_COMMIT), pytest.raises(DiedError):
        dead.transact([out(b"1"), out(b"state", b"a", "copy.state")], {SIGNALS: 1})
    newer = begun(world)  # the answer was lost: whoever starts next must see it whole
    assert values(list(newer.records("out", 0, 0))) == [b"1"]
    assert newer.compacted("copy.state", 0) == {b"a": b"state"}
    assert world.group_offset(SIGNALS) == 1
    dead.close()
    newer.close()


def test_a_record_over_its_topics_limit_is_refused_and_nothing_of_it_is_seen(world):
    log = begun(world)
    with pytest.raises(Refused):
        log.transact([out(b"beside"), out(b"x" * 5_000, topic="small")], {SIGNALS: 1})
    newer = begun(world)
    assert values(list(newer.records("out", 0, 0))) == []
    assert world.group_offset(SIGNALS) is None
    log.close()
    newer.close()


def test_a_fenced_process_stays_fenced(world):
    older, newer = begun(world), begun(world)
    for _ in range(2):
        with pytest.raises((Fenced, OutcomeUnknown)):
            older.transact([out(b"zombie")], {})
    newer.transact([out(b"new")], {})
    assert values(list(newer.records("out", 0, 0))) == [b"new"]
    older.close()
    newer.close()


def test_a_position_beyond_the_end_is_lost_and_not_moved(world):
    world.append("market.signals", b"a")
    log = begun(world, {SIGNALS: 5})
    with pytest.raises(PositionLost):
        polled(log, 1)
    log.close()


def test_writing_to_a_topic_that_does_not_exist_is_refused(world):
    log = begun(world)
    with pytest.raises(Refused):
        log.transact([out(b"1", topic="nowhere")], {})
    log.close()


def test_behind_names_what_is_left_to_read(world):
    world.append("market.signals", b"a")
    log = begun(world)
    assert log.behind() == {SIGNALS}
    polled(log, 1)
    assert log.behind() == frozenset()
    log.close()
