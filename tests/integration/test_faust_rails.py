"""Faust on the rails: committed records only, gaps committed, nothing lost or skipped by a death."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.brokers import environment
from tests.rails_worlds import Foreign, KafkaWorld
from transport import exits, kafka_config
from transport.names import physical, worker_group_id
from transport.settings import KafkaSettings

pytestmark = pytest.mark.broker
TESTS = Path(__file__).resolve().parent.parent
Start = Callable[[], "subprocess.Popen[bytes]"]


class Answers:
    """What workers have answered, and how far their group has committed."""

    def __init__(self, world: KafkaWorld) -> None:
        self._world = world
        self._consumer = Consumer(
            kafka_config.reading(world.settings, f"{world.ledger}.interlock-test-answers")
        )
        self._consumer.assign([TopicPartition(physical(world.ledger, "out"), 0, 0)])
        config = kafka_config.reading(world.settings, worker_group_id(world.ledger, "echo"))
        self._group = Consumer({**config, "isolation.level": "read_uncommitted"})
        self._signals = TopicPartition(physical(world.ledger, "market.signals"), 0)

    def take(self, count: int, within_s: float = 30.0) -> list[bytes]:
        """At least `count` answers, or what came in time."""
        found: list[bytes] = []
        deadline = time.monotonic() + within_s
        while len(found) < count and time.monotonic() < deadline:
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                found.append(message.value())
        return found

    def committed(self) -> int:
        (answer,) = self._group.committed([self._signals], 10)
        return int(answer.offset)

    def comes_to_commit(self, offset: int, within_s: float = 5.0) -> bool:
        deadline = time.monotonic() + within_s
        while self.committed() < offset and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.committed() >= offset

    def close(self) -> None:
        self._consumer.close()
        self._group.close()


@pytest.fixture
def world(broker: KafkaSettings) -> KafkaWorld:
    return KafkaWorld(broker)


@pytest.fixture
def answers(world: KafkaWorld) -> Iterator[Answers]:
    made = Answers(world)
    yield made
    made.close()


@pytest.fixture
def start(world: KafkaWorld, tmp_path: Path) -> Iterator[Start]:
    """Start a worker the way Faust's documentation does."""
    started: list[subprocess.Popen[bytes]] = []
    env = environment(world.settings, world.ledger, tmp_path / "state")

    def begin() -> subprocess.Popen[bytes]:
        with (tmp_path / "worker.log").open("ab") as log:
            argv = [sys.executable, "-m", "faust", "-A", "tests.rails_worker", "worker", "-l", "warn"]
            started.append(subprocess.Popen(argv, env=env, cwd=TESTS.parent, stdout=log, stderr=log))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(10)


def wrote(foreign: Foreign, value: bytes) -> None:
    foreign.begin()
    foreign.produce("market.signals", value)
    foreign.commit()


def test_open_and_aborted_transactions_are_never_acted_on(world, answers, start):
    foreign = world.foreign()
    wrote(foreign, b"first")
    start()
    assert answers.take(1) == [b"first"]
    foreign.begin()
    foreign.produce("market.signals", b"aborted")
    assert answers.take(1, 1.0) == []
    foreign.abort()
    foreign.begin()
    foreign.produce("market.signals", b"open")
    world.append("market.signals", b"behind")
    assert answers.take(1, 1.0) == []
    foreign.commit()
    assert answers.take(2) == [b"open", b"behind"]


def test_gaps_are_committed_and_a_killed_worker_reads_nothing_old_again(world, answers, start):
    foreign = world.foreign()
    worker = start()
    for number in range(60):
        wrote(foreign, b"%d" % number)
    assert answers.take(60) == [b"%d" % number for number in range(60)]
    assert answers.comes_to_commit(
        119
    )  # 60 records and 59 markers; the last marker is behind the last record
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    for number in range(60, 80):
        wrote(foreign, b"%d" % number)
    start()
    assert answers.take(21, 5.0) == [b"%d" % number for number in range(60, 80)]
    assert answers.comes_to_commit(159)


def test_an_abort_right_after_the_first_record_does_not_stop_committing(world, answers, start):
    foreign = world.foreign()
    wrote(foreign, b"first")
    for _ in range(3):
        foreign.begin()
        foreign.produce("market.signals", b"aborted")
        foreign.abort()
    start()
    wrote(foreign, b"second")
    assert answers.take(2) == [b"first", b"second"]
    assert answers.comes_to_commit(9)


def test_work_in_progress_is_done_again_after_a_kill_and_nothing_is_lost(world, answers, start):
    worker = start()
    world.append("market.signals", b"0")
    assert answers.take(1) == [b"0"]
    for number in range(1, 400):
        world.append("market.signals", b"%d" % number)
        if number == 200:
            worker.send_signal(signal.SIGKILL)
            worker.wait(10)
            start()
    wanted, found = {b"%d" % number for number in range(1, 400)}, []
    deadline = time.monotonic() + 30
    while not wanted <= set(found) and time.monotonic() < deadline:
        found += answers.take(1, 1.0)
    assert wanted <= set(found)
    assert len(found) < 800  # what was done in the last commit interval, once again


def test_a_bug_stops_the_worker_and_its_record_is_not_skipped(world, answers, start):
    world.append("market.signals", b"good")
    world.append("market.signals", b"boom")
    world.append("market.signals", b"after")
    for _ in range(2):
        assert start().wait(30) == exits.BUG
    assert answers.committed() <= 1
    assert set(answers.take(3, 1.0)) == {b"good"}
