"""Restart to first verdict: how long a kernel with an hour of decisions behind it takes, and where it goes.

`python -m bench.restart [--quick] [--steps N …]` on a real broker (its own state folder, ended at the end).

The state is that of a real kernel that ruled on a real order: its flow and its answer are repeated under
fresh ids over one hour of event time, and written by the kernel's own snapshot through its own transactional
producer. A proposal waits on its topic when the clock starts: at `Loop.start`, with every module imported, as
the figure of the issue asks. It stops when the verdict is committed. The baseline is a plain consumer that
reads the same bytes of `kernel.state` and does nothing with them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from interlock.services import local
from kernel.state.memory import HORIZON_US
from schemas.models import FlowStatus
from tests.brokers import make_topics, new_ledger
from tests.build import World, new_kernel
from transport import kafka_config, kill_points
from transport.bounds import LoopSettings
from transport.clock import LiveClock
from transport.collector import building
from transport.kafka_log import KafkaLog
from transport.kill_points import KillPoint
from transport.log import Position, Positions, Produce, Record, StateChange
from transport.loop import Loop
from transport.names import LedgerName, physical
from transport.settings import KafkaSettings

TOPICS = (
    "registry", "control", "agents.manifest", "venue.receipts", "human.decisions", "market.signals",
    "proposals", "kernel.ledger", "kernel.state", "kernel.verdicts", "kernel.intents", "accounts.view",
    "escalations", "quarantine", "explanations",
)  # fmt: skip
BYTES_MAX = dict.fromkeys(TOPICS, 1_100_000)
GOALS_S = {100_000: 1.0, 1_000_000: 3.0}
MARGIN_US, LIVES_US = 30_000_000, 600_000_000
TOUCHED = 1_000  # flows that a snapshot's 2,000 entries are about
CHUNK = 200  # state records a transaction: its time-out is no part of this measurement


@dataclass
class Stages:
    """When each named moment came, in the order of their coming."""

    began: tuple[float, float] = field(default_factory=lambda: clocks())
    at: list[tuple[str, tuple[float, float]]] = field(default_factory=list)

    def reached(self, point: KillPoint) -> None:
        """The points of a start; those of the first transaction belong to the verdict."""
        if point in (KillPoint.AFTER_INIT, KillPoint.RESTORED, KillPoint.ASSIGNED):
            self.note(point.value)

    def note(self, name: str) -> None:
        """Now."""
        self.at.append((name, clocks()))

    def spent(self) -> Iterator[tuple[str, float, float]]:
        """Name of each stage, seconds that went by in it, and seconds of processor it took."""
        before = self.began
        for name, at in self.at:
            yield name, at[0] - before[0], at[1] - before[1]
            before = at


def clocks() -> tuple[float, float]:
    """The wall's and this process's: on a shared machine they differ by what others took."""
    return time.perf_counter(), time.process_time()


def grown(steps: int) -> World:
    """A kernel that has ruled `steps` times within the hour; on its topics a proposal it has not read."""
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    state, begin = world.kernel.state, world.now - HORIZON_US + MARGIN_US
    (one,), (said,) = list(state.flows.values()), list(state.memory.priors.values())
    for number in range(steps):
        dfid, key, name = os.urandom(16), os.urandom(32), os.urandom(32)
        at = begin + number * (HORIZON_US - 2 * MARGIN_US) // steps
        ended = replace(
            one, dfid=dfid, trigger_time=at, expires_at=at + LIVES_US, flow_hash=name, contexts=[name],
            steps=dict.fromkeys(one.steps, key),
        )  # fmt: skip
        ended.ended(FlowStatus.CLOSED)
        state.flows[dfid] = ended
        state.leaving.push(at, dfid)
        if ended.expires_at >= world.now:
            state.core.expiries.append((ended.expires_at, dfid))
        state.memory.remember(os.urandom(32), at, replace(said, dfid=dfid, key=key))
    state.core.expiries.sort()
    world.tick(1)
    world.quote("btc-usd", "4000", "4001")
    world.run()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    return world


def written(world: World, settings: KafkaSettings, ledger: LedgerName) -> tuple[float, int]:
    """Topics and state as the world left them, on the broker: seconds the snapshot took, and its bytes."""
    producer = Producer({**kafka_config.common(settings), "acks": "all", "enable.idempotence": True})
    began = time.perf_counter()
    changed = [each for each in world.kernel.closing(world.now) if isinstance(each, StateChange)]
    took = time.perf_counter() - began
    for (topic, partition), log in world.topics.logs.items():
        for record in log:
            producer.produce(physical(ledger, topic), record.value, record.key, partition)
        producer.flush(60)
    log_ = KafkaLog(settings, ledger, "kernel", 0)
    log_.init()
    for first in range(0, len(changed), CHUNK):
        some = changed[first : first + CHUNK]
        log_.transact(
            [Produce(topic="kernel.state", partition=0, key=each.key, value=each.value) for each in some], {}
        )
    log_.close()
    return took, sum(len(each.value or b"") for each in changed)


def restarted(settings: KafkaSettings, ledger: LedgerName, now: int, told: Any) -> None:
    """In a process of its own: one restart, to the commit of the first verdict."""
    plain = time.perf_counter()
    reading = KafkaLog(settings, ledger, "bench", 0)
    read = sum(len(value) for value in reading.compacted("kernel.state", 0).values())
    plain = time.perf_counter() - plain
    reading.close()
    log = Timed(settings, ledger, "kernel", 0)
    stages = log.stages = Stages()
    kernel = new_kernel()
    loop = Loop(kernel, log, LiveClock(lambda: now * 1_000), LoopSettings())
    kill_points.arm(stages.reached)
    with building():  # as `run` does it
        loop.start()
    while not log.ruled:
        loop.turn()
    kill_points.arm(None)
    stages.note("verdict committed")
    log.close()
    assert kernel.state.core.epoch > 1, "it was a restart"
    told.put((list(stages.spent()), plain, read, len(kernel.state.flows)))


class Timed(KafkaLog):
    """Says how long reading the state took, and when a verdict was committed."""

    stages: Stages  # set when the clock starts
    ruled = False

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        """As the log does it, and a note."""
        yield from super().records(topic, partition, start)
        if hasattr(self, "stages"):
            self.stages.note(f"{topic} read")

    def poll(self, limit: int, wait_ms: int, full: AbstractSet[Position]) -> list[Record]:
        """As the log does it, and a note when the proposal is there."""
        found = super().poll(limit, wait_ms, full)
        if any(each.topic == "proposals" for each in found):
            self.stages.note("proposal read")
        return found

    def transact(self, produces: Sequence[Produce], positions: Positions) -> None:
        """As the log does it, and a note of the first verdict."""
        super().transact(produces, positions)
        self.ruled = self.ruled or any(each.topic == "kernel.verdicts" for each in produces)


def measured(steps: int, settings: KafkaSettings) -> float:
    """Build, write, restart in a fresh process, print; seconds to the first verdict."""
    ledger = new_ledger()
    make_topics(settings, ledger, dict.fromkeys(TOPICS, 1), BYTES_MAX)
    world = grown(steps)
    took, size = written(world, settings, ledger)
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    child = spawn.Process(target=restarted, args=(settings, ledger, world.now, told))
    child.start()
    found: tuple[list[tuple[str, float, float]], float, int, int] = told.get(timeout=300)
    stages, plain, read, flows = found
    child.join()
    again, little = snapshot_again(world)
    total = sum(seconds for _, seconds, _ in stages)
    goal = GOALS_S.get(steps)
    wanted = "" if goal is None else f"   (to reach: {goal:.0f} s)"
    print(f"\n{steps:,} steps, {flows:,} flows: restart to first verdict {total:.2f} s{wanted};", end="")
    print(f" processor {sum(busy for _, _, busy in stages):.2f} s, load {os.getloadavg()[0]:.1f}")
    for name, seconds, busy in stages:
        print(f"  {name:<20} {seconds * 1000:8.0f} ms, of processor {busy * 1000:6.0f} ms")
    print(f"  baseline: the same {read / 1e6:.1f} MB read and thrown away: {plain:.2f} s", end="")
    print(f" (ratio {total / plain:.1f})")
    print(f"  a snapshot of all of it {took:.1f} s, {size / 1e6:.1f} MB;", end="")
    print(f" after {TOUCHED:,} of the newest flows were looked into {again:.2f} s, {little / 1e6:.2f} MB")
    return total


def snapshot_again(world: World) -> tuple[float, int]:
    """What the next snapshot costs when only the newest flows were asked for: seconds and bytes."""
    flows = world.kernel.state.flows
    for key in list(flows)[-TOUCHED:]:
        flows[key].tokens["bench"] = 1
    began = time.perf_counter()
    changed = [each for each in world.kernel.closing(world.now) if isinstance(each, StateChange)]
    return time.perf_counter() - began, sum(len(each.value or b"") for each in changed)


def main(words: Sequence[str] | None = None) -> int:
    """Measure each number of steps; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description="restart to first verdict")
    parser.add_argument("--steps", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--quick", action="store_true", help="1,000 and 10,000 steps")
    asked = parser.parse_args(words)
    wanted = [1_000, 10_000] if asked.quick else asked.steps
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        running = local.ensure(Path(folder) / "state")
        try:
            settings = KafkaSettings(
                bootstrap=running.bootstrap_admin, security="SASL_PLAINTEXT", principal="admin",
                password=running.password_file("admin").read_text(encoding="ascii").strip(),
            )  # fmt: skip
            took = {steps: measured(steps, settings) for steps in wanted}
        finally:
            local.down(running.root)
    return int(any(took[steps] > goal for steps, goal in GOALS_S.items() if steps in took))


if __name__ == "__main__":
    sys.exit(main())
