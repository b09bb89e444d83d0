"""A small remembering processor with effects, and the world it acts on, for laws about the loop."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transport.bounds import LoopSettings
from transport.log import Effect, Output, Positions, Produce, Reader, Record, StateChange
from transport.loop import run
from transport.names import EFFECT
from transport.processor import Input, Rank
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

TOPICS = {"market.signals": 2, "control": 1, "out": 1, "tally.state": 1}


class Crash(BaseException):
    """The process dies here. No Exception, so that nothing that catches those can survive it."""


def alive(_: str) -> None:
    """No fault."""


@dataclass
class Outside:
    """A venue: does each payload once, however often it is asked, and counts the asking."""

    done: list[bytes] = field(default_factory=list)
    asked: int = 0

    def act(self, payload: bytes) -> bytes:
        self.asked += 1
        if payload not in self.done:
            self.done.append(payload)
        return b"done " + payload


@dataclass
class Tally:
    """Numbers every input it sees, pays for those that begin with `pay`, and writes down each answer once."""

    outside: Outside
    fault: Callable[[str], None] = alive
    recorded: Callable[[bytes], bool] = bool  # whether an attempt was ever committed
    name: str = "tally"
    shard: int = 0
    keeps_positions: bool = False
    inputs: tuple[Input, ...] = (
        Input(topic="market.signals", partitions=(0, 1), rank=Rank.MARKS),
        Input(topic="control", partitions=(0,), rank=Rank.CONTROL),
    )
    count: int = 0
    owed: dict[bytes, bool] = field(default_factory=dict)  # payload -> asked in this life
    answers: int = 0
    batches: list[list[str]] = field(default_factory=list)

    def restore(self, reader: Reader) -> Positions | None:
        state = reader.compacted("tally.state", 0)
        assert b"positions" not in state
        self.count = int(state.get(b"count", b"0"))
        self.owed = {key[5:]: False for key in state if key.startswith(b"owed:")}
        return None

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        self.fault("step")
        self.batches.append([record.topic for record in batch])
        outputs: list[Output] = []
        for record in batch:
            value = record.value or b""
            if record.topic == EFFECT:
                if self.owed.pop(value[5:], None) is not None:
                    outputs += [_out(value), StateChange(key=b"owed:" + value[5:], value=None)]
                continue
            self.count += 1
            outputs += [
                _out(b"%d %s" % (self.count, value)),
                StateChange(key=b"count", value=b"%d" % self.count),
            ]
            if value.startswith(b"pay"):
                self.owed[value] = False
                outputs.append(StateChange(key=b"owed:" + value, value=b""))
        unasked = [payload for payload, asked in self.owed.items() if not asked]
        self.owed.update(dict.fromkeys(unasked, True))
        return [*outputs, *(Effect(name="pay", payload=payload) for payload in unasked)]

    def cause(self, record: Record) -> tuple[int, int] | None:
        return None

    def perform(self, effect: Effect) -> Sequence[Record]:
        self.fault("perform")
        assert self.recorded(effect.payload), "acted on the world before the attempt was committed"
        answer = self.outside.act(effect.payload)
        self.fault("performed")
        self.answers += 1
        return [Record(topic=EFFECT, partition=0, offset=self.answers, key=None, value=answer)]

    def closing(self, now: int) -> Sequence[Output]:
        return ()


def _out(value: bytes) -> Produce:
    return Produce(topic="out", partition=0, key=None, value=value)


class Still:
    """A clock that stands."""

    def now(self) -> int:
        return 1


def live(
    broker: SimulatedBroker,
    tally: Tally,
    *,
    fault: Callable[[str], None] = alive,
    rng: random.Random | None = None,
    batch_max: int = 500,
) -> None:
    """One life: until everything is read, a crash, or a LogError."""
    stop, idle = threading.Event(), [0]

    def idled(_: int) -> None:
        idle[0] = 0 if log.behind() else idle[0] + 1
        if idle[0] > 3 and not tally.owed:
            stop.set()

    log = SimulatedLog(broker, tally.name, 0, fault=fault, rng=rng, idle=idled)
    tally.fault = fault
    tally.recorded = lambda payload: any(
        record.key == b"owed:" + payload for record in broker.read(("tally.state", 0), 0, 1_000_000)[0]
    )
    settings = LoopSettings(monotonic_ms=lambda: broker.now_ms, batch_max=batch_max)
    run(tally, log, Still(), stop=stop, settings=settings)


def committed(broker: SimulatedBroker, topic: str) -> list[bytes]:
    """Every committed value of a topic's first partition."""
    records, _ = broker.read((topic, 0), 0, 1_000_000)
    return [record.value or b"" for record in records]
