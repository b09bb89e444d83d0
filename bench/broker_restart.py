"""Time without verdicts around a broker restart under load: `python -m bench.broker_restart [--quick]`.

The broker is killed (SIGKILL) while orders come, and started again at once. Two times are measured from the
same instant: until it listens again (the baseline: nobody can be faster), and until the first verdict after.
What is ours is the difference; it must be at most ten seconds. The load waits with its own producer.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from interlock.services import local
from schemas.models import Lane
from tests.kill.brokers import Brokers
from tests.kill.load import Load
from tests.kill.stage import Stage, said, stage
from transport.log import Record

ALLOWED_S = 10.0
WARM_VERDICTS, WARM_S_MAX, BACK_S_MAX = 5, 120.0, 240.0
ORDERS_PER_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Seconds from the kill. gap_s: between the last verdict before it and the first one after."""

    listens_s: float
    verdict_s: float
    gap_s: float

    @property
    def ours_s(self) -> float:
        """What is left when the broker's own time is taken away."""
        return self.verdict_s - self.listens_s


class Watch:
    """When the broker appended verdicts, by its own clock: those of before the kill may be seen after it."""

    def __init__(self, made: Stage) -> None:
        self._observer = made.observer
        self.count = 0
        self.last_s = time.time()

    def look(self) -> bool:
        """Take what is there; whether anything was."""
        return self._observer.poll(0.01, self._take) > 0

    def _take(self, record: Record) -> None:
        if record.topic == "kernel.verdicts":
            self.count += 1
            self.last_s = record.timestamp_ms / 1_000

    def wait(self, count: int, limit_s: float) -> None:
        """Until so many more were seen. Raises TimeoutError."""
        wanted, deadline = self.count + count, time.monotonic() + limit_s
        while self.count < wanted:
            self.look()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {count} verdicts in {limit_s:.0f} s")


def restart(made: Stage, brokers: Brokers, watch: Watch) -> Restart:
    """Kill and start the broker once; every process of ours has to find its own way back."""
    watch.wait(WARM_VERDICTS, WARM_S_MAX)
    while watch.look():
        pass
    before_s, killed_s = watch.last_s, time.time()
    brokers.kill()
    listens_s: float | None = None
    while listens_s is None or watch.last_s <= killed_s + listens_s:
        watch.look()
        if brokers.tick() is not None:
            listens_s = time.time() - killed_s
        if time.time() > killed_s + BACK_S_MAX:
            raise TimeoutError(f"no verdict for {BACK_S_MAX:.0f} s")
    verdict_s = watch.last_s - killed_s
    return Restart(listens_s=listens_s, verdict_s=verdict_s, gap_s=watch.last_s - before_s)


def measure(root: Path, times: int) -> list[Restart]:
    """So many restarts on one stage."""
    found: list[Restart] = []
    with stage(root, brokers=1, lanes=(Lane.DLPCI,), say=said, settings={}) as made:
        load = Load(made, random.Random(1), ORDERS_PER_S)
        load.start()
        try:
            watch = Watch(made)
            for _ in range(times):
                found.append(restart(made, Brokers(made.there.running, random.Random(1), (0.0, 0.0)), watch))
                said(_line(len(found), found[-1]))
        finally:
            load.stop()
    return found


def _line(number: int, one: Restart) -> str:
    return (
        f"restart {number}: listens again after {one.listens_s:.1f} s, first verdict after "
        f"{one.verdict_s:.1f} s: {one.ours_s:.1f} s are ours ({one.gap_s:.1f} s between verdicts)"
    )


def main() -> int:
    """Measure, print; 1 when a restart took longer than allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.broker_restart")
    parser.add_argument("--quick", action="store_true", help="one restart instead of five")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        root = Path(folder) / "state"
        try:
            found = measure(root, 1 if told.quick else 5)
        finally:
            local.down(root)
    for number, one in enumerate(found, 1):
        sys.stdout.write(_line(number, one) + "\n")
    worst = max(one.ours_s for one in found)
    verdict = "holds" if worst <= ALLOWED_S else "BROKEN"
    sys.stdout.write(f"first verdict <= listening + {ALLOWED_S:.0f} s: worst {worst:.1f} s: {verdict}\n")
    return 0 if worst <= ALLOWED_S else 1


if __name__ == "__main__":
    sys.exit(main())
