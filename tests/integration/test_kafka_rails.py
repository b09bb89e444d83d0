"""The loop on the real broker: killed, fenced, stopped, and on the time of a tape."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.codec import encode
from schemas.models import ClockTick
from schemas.wire import PREFIX
from tests.brokers import environment, make_topics
from tests.rails_worlds import KafkaWorld
from transport import exits
from transport.edge import stopped_file
from transport.kafka_reader import KafkaTail
from transport.log import LogError
from transport.probes import progress_file, ready
from transport.settings import KafkaSettings

pytestmark = pytest.mark.broker
TESTS = Path(__file__).resolve().parent.parent
SIGNALS = ("market.signals", 0)
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def world(broker: KafkaSettings) -> KafkaWorld:
    return KafkaWorld(broker)


@pytest.fixture
def out(world: KafkaWorld) -> Iterator[KafkaTail]:
    tail = KafkaTail(world.settings, world.ledger, f"{world.ledger}.interlock-test", "out", 0)
    yield tail
    tail.close()


@pytest.fixture
def start(world: KafkaWorld, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(**more: str) -> subprocess.Popen[bytes]:
        env = environment(world.settings, world.ledger, tmp_path, **more)
        with (tmp_path / "loop.log").open("ab") as log:
            argv = [sys.executable, "-m", "tests.rails_process"]
            started.append(subprocess.Popen(argv, env=env, cwd=TESTS.parent, stdout=log, stderr=log))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(10)


def taken(tail: KafkaTail, count: int, within_s: float = 30.0) -> list[list[bytes]]:
    """[number, now, value] of each output."""
    found: list[list[bytes]] = []
    deadline = time.monotonic() + within_s
    while len(found) < count and time.monotonic() < deadline:
        found += [(record.value or b"").split(b" ") for record in tail.fresh()]
        time.sleep(0.005)
    return found


def test_every_signal_is_numbered_once_whatever_is_killed_when(world, start, out):
    rng, found, sent = random.Random(20170904), [], 0
    for _ in range(6):
        process = start()
        for _ in range(rng.randint(50, 300)):
            world.append("market.signals", b"%d" % sent)
            sent += 1
        found += taken(out, 1)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    start()
    found += taken(out, sent - len(found))
    assert [(int(number), int(value)) for number, _, value in found] == [(n + 1, n) for n in range(sent)]


def test_a_second_process_of_the_same_name_fences_the_first(world, start, out):
    first = start()
    world.append("market.signals", b"a")
    assert len(taken(out, 1)) == 1
    start()
    # A fenced process learns it at its next commit, so give it one; its successor answers in any case.
    for number in range(200):
        world.append("market.signals", b"%d" % number)
        if first.poll() is not None:
            break
        time.sleep(0.05)
    assert first.wait(10) == exits.FENCED
    found = taken(out, number + 1)
    assert [int(each[0]) for each in found] == list(range(2, number + 3))


def test_a_bug_names_its_place_and_a_clean_stop_forgets_it(world, start, out, tmp_path):
    world.append("market.signals", b"boom")
    assert start().wait(30) == exits.BUG
    told = json.loads(stopped_file(tmp_path, world.ledger, "copy-0").read_text())
    assert told["place"] == "market.signals[0]@0"
    assert out.fresh() == []


def test_sigterm_is_a_clean_stop_with_all_positions_shown(world, start, out, tmp_path):
    process = start()
    for number in range(5):
        world.append("market.signals", b"%d" % number)
    assert len(taken(out, 5)) == 5
    assert ready(progress_file(tmp_path, world.ledger, "copy-0")).ready
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert world.group_offset(SIGNALS) == 5


def test_a_tape_process_never_judges_a_record_before_its_time(world, start, out):
    make_topics(world.settings, world.ledger, {"clock": 1})
    start(INTERLOCK_CLOCK="tape")
    for time_of_tape in range(1, 40):
        tick = ClockTick(ledger=bytes(16), now=time_of_tape * 1_000_000)
        world.append("clock", PREFIX.pack(0, 1) + encode(tick))
        world.append("market.signals", b"%d" % (time_of_tape * 1_000_000))
    found = taken(out, 39)
    assert len(found) == 39
    assert all(int(now) >= int(of_record) for _, now, of_record in found)
    assert int(found[-1][1]) == 39_000_000


def test_a_reader_of_a_broker_that_is_away_says_so_in_the_end(monkeypatch):
    monkeypatch.setattr("transport.kafka_reader.READ_TIMEOUT_S", 1)
    nowhere = KafkaSettings(bootstrap="127.0.0.1:1")
    with pytest.raises(LogError):
        KafkaTail(nowhere, "live", "interlock-test", "out", 0)
