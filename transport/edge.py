"""The edge of a loop's process: environment in, loop, and an exit code out (`transport.exits`)."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from schemas.codec import decode
from schemas.models import ClockTick
from schemas.wire import PREFIX
from transport.beating import beating
from transport.clock import Clock, LiveClock, TapeClock
from transport.exits import AGAIN, BUG, FENCED, REFUSED
from transport.kafka_log import KafkaLog
from transport.kafka_reader import KafkaTail
from transport.kill_points import KillAt, KillPoint, arm
from transport.log import Fenced, LogError, PositionLost, Positions, Refused
from transport.loop import LoopSettings, StepFailed, run
from transport.names import CLOCK, group_id
from transport.probes import Probe
from transport.processor import Processor
from transport.settings import ProcessSettings

logger = logging.getLogger(__name__)


def stopped_file(state: Path, ledger: str, process: str) -> Path:
    """Where a process that stopped by a bug says at which records."""
    return state / "run" / ledger / f"{process}.stopped.json"


def stopped_before(file: Path) -> Positions:
    """Up to where a process that was stopped by a bug must be careful; nowhere if none stopped it."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8")).get("until", [])
    except FileNotFoundError:
        return {}
    return {(str(topic), int(partition)): int(offset) for topic, partition, offset in rows}


def _heard(probe: Probe, up: bool) -> None:
    probe.heard(up, time.monotonic_ns() // 1_000_000)


def _told(error: StepFailed) -> str:
    until = sorted([topic, partition, offset] for (topic, partition), offset in error.until.items())
    return json.dumps({"place": error.place, "what": str(error), "until": until})


def tick(value: bytes) -> int:
    """The time of a framed ClockTick; the topic holds one type, so its registry id needs no look-up."""
    return decode(ClockTick, value[PREFIX.size :]).now


def clock_of(settings: ProcessSettings, processor: str) -> Clock:
    """The clock that the ledger runs by."""
    if settings.clock == "live":
        return LiveClock()
    group = group_id(settings.ledger, processor, settings.shard)
    return TapeClock(KafkaTail(settings.kafka, settings.ledger, group, CLOCK, 0), tick)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set, so that the loop ends between two steps."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        logger.info("stopping on %s", signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop


def die_at(told: KillAt) -> None:
    """Arrange that this process kills itself where and when it is told, as suddenly as a power cut."""
    left = told.times

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hook(point: KillPoint) -> None:
        nonlocal left
        left -= point is told.point
        if left == 0 and point is told.point:
            die() if not told.micros else threading.Timer(told.micros / 1e6, die).start()

    arm(hook)


def serve(settings: ProcessSettings, build: Callable[[ProcessSettings], Processor]) -> int:
    """Run one processor on Kafka until a signal; the exit code says how it ended."""
    processor = build(settings)
    process = f"{processor.name}-{processor.shard}"
    stopped = stopped_file(settings.state, settings.ledger, process)
    probe = Probe(settings.state, settings.ledger, process)
    stop = stop_on_signals()
    if settings.kill_at is not None:
        die_at(settings.kill_at)
    try:
        with beating(probe):
            heard = partial(_heard, probe)
            log = KafkaLog(settings.kafka, settings.ledger, processor.name, processor.shard, heard=heard)
            clock = clock_of(settings, processor.name)
            bounds = LoopSettings(probe=probe, careful=stopped_before(stopped))
            run(processor, log, clock, stop=stop, settings=bounds)
    except StepFailed as error:
        logger.exception("%s stopped", process)
        stopped.write_text(_told(error), encoding="utf-8")
        return BUG
    except LogError as error:
        named = type(error).__name__
        logger.error("%s stopped: %s: %s", process, named, error)  # noqa: TRY400 - expected: no trace
        match error:
            case Fenced():
                return FENCED
            case Refused() | PositionLost():
                return REFUSED
            case _:
                return AGAIN
    stopped.unlink(missing_ok=True)
    return 0
