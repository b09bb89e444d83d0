"""`python -m bench.trigger`: from the trigger on Kafka to the signed atom on Kafka, all processes running.

A whole LIVE ledger as `interlock start` makes it, in a state folder of its own, otherwise idle (or beside a
demo). Every figure is a difference of the broker's own append times, which have whole milliseconds: market
signal to flow is the selector's transaction, flow to atom the stream worker. `--quick` is a short form.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer

from bench.momentum import packed, tick, warm_up, widen
from interlock.context import Context
from interlock.services import local
from interlock.services.running import brokers
from interlock.services.supervisor import wait_until
from ledger.envelope import PAYLOAD_TYPES, opened
from schemas.models import FlowOpened, FlowRecord, Intent, Proposal
from schemas.wire import unframed
from transport.card import load_card
from transport.names import LIVE, physical

GOAL_MS = 30
START_S = 180.0
SETTLE_S = 8.0  # after the last trigger, for what is still under way
WARM = 50  # triggers before the measured ones: first calls are no figure
DEMO_S = 25.0  # until a demo's processes are up and its tape runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Hops:
    """One trigger's way, ms: to the flow's record, from there to the answer's; whether that is an atom."""

    flow_ms: int
    answer_ms: int
    atom: bool

    @property
    def whole_ms(self) -> int:
        """From the trigger's record to the answer's."""
        return self.flow_ms + self.answer_ms


def command(state: Path, *words: str) -> None:
    """One command of the face on this state folder. Raises CalledProcessError."""
    env = {**os.environ, "INTERLOCK_STATE": str(state)}
    subprocess.run([sys.executable, "-m", "interlock.entry", *words], env=env, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


@contextmanager
def started(state: Path) -> Iterator[Context]:
    """A LIVE ledger with every process, its features warm and its agent's budget out of the way."""
    try:
        command(state, "start")
        running = brokers(state)
        assert running is not None, "`interlock start` leaves a broker"
        there = Context(running=running, card=load_card(state, LIVE))
        assert wait_until(lambda: hello_of(there, "sovereign"), timeout_s=START_S), "the worker said no hello"
        widen(there, "sovereign", "1.0.1", proposals_per_window=100_000, window_s=60)
        warm_up(there, time.time_ns() // 1_000)
        time.sleep(3.0)  # the worker reads the registry once a second
        yield there
    finally:
        local.down(state)


def hello_of(there: Context, agent_id: str) -> bool:
    """Whether the agent's worker has said hello."""
    return any(record.key == agent_id.encode() for record in there.read("agents.manifest"))


def trigger(there: Context, rate: int, count: int) -> int:
    """Send ``count`` marked ticks at an even ``rate`` a second; the last offset before the first of them.

    A late one is sent at once, so the rate is that of the whole, not of each gap.
    """
    ids = there.schema_ids()
    before = max((record.offset for record in there.last("market.signals", 8)), default=-1)
    producer = Producer({**there.running.client("feeder"), "acks": "all", "linger.ms": 0})
    begun = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        now = time.time_ns() // 1_000
        message = packed(ids, tick(f"tick-{now}-{number}", now))
        producer.produce(physical(there.name, message.topic), message.value, message.key, 0)
        producer.poll(0)
    assert producer.flush(30) == 0, "the broker did not take every trigger"
    return before


def hops(there: Context, after: int) -> list[Hops]:
    """The way of every answered trigger behind offset ``after``, in the order of the answers."""
    sent = {record.offset: record.timestamp_ms for record in there.read("market.signals")}
    flows: dict[bytes, tuple[int, int]] = {}
    for record in there.read("flows.sds"):
        flow = opened(unframed(FlowRecord, record.value).flow, FlowOpened)
        if flow.attempt == 1 and flow.trigger.offset > after:
            flows[flow.dfid] = (sent[flow.trigger.offset], record.timestamp_ms)
    found = []
    for record in there.read("proposals"):
        proposal = unframed(Proposal, record.value)
        flow = opened(proposal.flow, FlowOpened)
        times = flows.pop(flow.dfid, None) if flow.attempt == 1 else None
        if times is not None:
            at, opened_at = times
            atom = proposal.body.payload_type == PAYLOAD_TYPES[Intent]
            found.append(Hops(flow_ms=opened_at - at, answer_ms=record.timestamp_ms - opened_at, atom=atom))
    return found


def percentile(values: Sequence[int], percent: int) -> int:
    """The nearest measured value."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)]


def tell(name: str, found: Sequence[Hops], sent: int, load: str) -> None:
    """Print one table row a hop."""
    atoms = sum(each.atom for each in found)
    print(f"{name}: {sent} triggers, {len(found)} answered, {atoms} of them atoms; load average {load}")
    rows = (
        ("trigger -> atom", [each.whole_ms for each in found]),
        ("  trigger -> flow", [each.flow_ms for each in found]),
        ("  flow -> atom", [each.answer_ms for each in found]),
    )
    for title, values in rows:
        if values:
            shown = "  ".join(f"p{percent} {percentile(values, percent):>4}" for percent in (50, 90, 99))
            print(f"{title:<18} ms: {shown}  max {max(values):>4}")
    if found:
        high = percentile(rows[0][1], 99)
        print(
            f"goal p99 <= {GOAL_MS} ms: {'reached' if high <= GOAL_MS else f'missed by {high - GOAL_MS} ms'}"
        )


def measure(there: Context, name: str, rate: int, seconds: int) -> list[Hops]:
    """Send, settle, read back, print."""
    trigger(there, rate, WARM)
    time.sleep(1.0)
    after = trigger(there, rate, rate * seconds)
    load = " ".join(f"{each:.2f}" for each in os.getloadavg())
    time.sleep(SETTLE_S)
    found = hops(there, after)
    tell(f"{name}, {rate}/s", found, rate * seconds, load)
    return found


@contextmanager
def demo(state: Path) -> Iterator[None]:
    """A demo on the same broker while the block runs."""
    env = {**os.environ, "INTERLOCK_STATE": str(state)}
    words = [sys.executable, "-m", "interlock.entry", "demo"]
    child = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(DEMO_S)
        yield
        print("the demo was " + ("still running" if child.poll() is None else "over before the end"))
    finally:
        child.terminate()
        child.wait(60)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--beside-demo", action="store_true", help="once more, with a demo running")
    parser.add_argument("--quick", action="store_true", help="five seconds at 20/s")
    chosen = parser.parse_args(arguments)
    rate, seconds = (20, 5) if chosen.quick else (chosen.rate, chosen.seconds)
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        state = Path(folder) / "state"
        with started(state) as there:
            found = measure(there, "otherwise idle", rate, seconds)
            if chosen.beside_demo:
                with demo(state):
                    measure(there, "beside a demo", rate, seconds)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
