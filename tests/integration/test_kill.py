"""Killing the real thing, in short: two kernels for one shard, then every kind of death, and the count."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from interlock.services import local
from interlock.services.supervisor import wait_until
from schemas.models import Lane
from tests.kill.campaign import Options, perform
from tests.kill.load import Load
from tests.kill.stage import Stage, said, stage
from transport import kafka_config
from transport.exits import FENCED
from transport.names import physical

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]
KILLS, SEED = 20, 5
LANES = (Lane.DLPCI,)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A state folder of its own: its broker is killed."""
    root = tmp_path_factory.mktemp("kill") / "state"
    try:
        with stage(root, brokers=1, lanes=LANES, say=said) as ready:
            yield ready
    finally:
        local.down(root)


def end(made: Stage, isolation: str) -> int:
    """One past the last offset of the ledger, markers included."""
    name = physical(made.there.name, "kernel.ledger")
    config = kafka_config.reading(made.there.settings(), f"{made.there.name}.interlock-console-end")
    consumer = Consumer({**config, "isolation.level": isolation})
    try:
        _, high = consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=10)
        return int(high)
    finally:
        consumer.close()


def values(made: Stage, isolation: str, start: int, stop: int) -> list[bytes]:
    """Records of the ledger in a range of offsets."""
    name = physical(made.there.name, "kernel.ledger")
    config = kafka_config.reading(made.there.settings(), f"{made.there.name}.interlock-console-{isolation}")
    consumer = Consumer({**config, "isolation.level": isolation})
    consumer.assign([TopicPartition(name, 0, start)])
    found: list[bytes] = []
    try:
        while True:
            message = consumer.poll(10)
            assert message is not None, "the broker did not answer"
            if message.error() is not None:
                assert message.error().code() == KafkaError._PARTITION_EOF
                return found
            if message.offset() < stop:
                found.append(message.value())
    finally:
        consumer.close()


def test_the_old_one_of_two_kernels_is_fenced_and_writes_nothing(made):
    load = Load(made, random.Random(1), 3.0)
    load.start()
    try:
        assert wait_until(lambda: made.observer.poll(0.02) >= 0 and made.observer.tally.fills, timeout_s=60)
        assert made.hand.send("kernel", signal.SIGSTOP)
        old = made.hand.let_go("kernel")
        assert old is not None
        before = made.observer.tally.entries["EPOCH"]
        assert wait_until(
            lambda: made.observer.poll(0.02) >= 0 and made.observer.tally.entries["EPOCH"] > before,
            timeout_s=60,
        )
        woken_at = end(made, "read_uncommitted")
        os.kill(old.pid, signal.SIGCONT)
        assert wait_until(lambda: old.exit_code() is not None, timeout_s=60)
        assert old.exit_code() == FENCED
        time.sleep(1.0)
    finally:
        load.stop()
    last = end(made, "read_uncommitted")
    assert last > woken_at
    assert values(made, "read_uncommitted", woken_at, last) == values(made, "read_committed", woken_at, last)


def test_nothing_is_missing_doubled_or_reordered_whoever_is_killed(made, tmp_path: Path):
    options = Options(kills=KILLS, seed=SEED, root=tmp_path, lanes=LANES, pace_s=1.0)
    result = perform(made, options, said)
    assert result.breaches == ()
    assert result.book.total >= KILLS
    assert {kind for kind, _, _ in result.book.killed} >= {"point", "random", "broker"}
    assert result.count.effects > 0
