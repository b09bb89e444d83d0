"""Steps of a demo that wait for others: workers ready, nothing given up, the ledger sealed."""

from __future__ import annotations

import time

from interlock.context import Context
from interlock.feed.feeder import Feeder
from interlock.observe import Observer
from interlock.services.supervisor import Supervisor
from interlock.tally import Tally
from interlock.tape.group import MINUTE_US
from interlock.witness import note_path, remembered

READY_S, REST_S, SEAL_S, NUDGE_S = 120.0, 90.0, 60.0, 3.0


class DemoFailed(RuntimeError):
    """A part of the demo failed: ``part`` names it."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(f"{part}: {why}")
        self.part = part


def wait_ready(observer: Observer, supervisor: Supervisor, *, hellos: int, accounts: int) -> None:
    """Wait until agents are accepted, accounts open, all at rest. Raises DemoFailed saying what misses."""
    deadline = time.monotonic() + READY_S
    tally = observer.tally
    while tally.entries["MANIFEST"] < hellos or len(tally.accounts) < accounts or not observer.at_rest():
        observer.poll(0.05)
        check(supervisor)
        if time.monotonic() > deadline:
            said, opened = tally.entries["MANIFEST"], len(tally.accounts)
            raise DemoFailed("workers", f"{said} of {hellos} agents said hello, {opened} accounts are open")


def check(supervisor: Supervisor) -> None:
    """Raises DemoFailed naming a program that was given up."""
    for one in supervisor.gave_up():
        raise DemoFailed(one.name, f"stopped again and again at {one.place}: read {one.log}")


def seal(feeder: Feeder, observer: Observer, there: Context, last: int) -> None:
    """Tick until a checkpoint covers everything and the witness has cosigned it."""
    deadline, shards = time.monotonic() + SEAL_S, range(there.card.shards)
    end = last + 20 * MINUTE_US  # every deadline and expiry of the tape lies before it
    feeder.tick(end)
    nudged = time.monotonic()
    while time.monotonic() < deadline:
        observer.poll(0.02)
        if any(observer.tally.times.get(shard, 0) < end for shard in shards):
            continue  # a kernel has not noticed the tick; what expires with it belongs to the ledger
        if all(_is_covered(observer.tally, shard) for shard in shards):
            if all(_is_cosigned(there, observer.tally, shard) for shard in shards):
                return
        elif time.monotonic() - nudged > NUDGE_S:  # at most one CHECKPOINT a second of tape: give it another
            nudged, end = time.monotonic(), end + MINUTE_US
            feeder.tick(end)
    raise DemoFailed(
        "witness", "no cosigned checkpoint covers the ledger: read the logs of kernel and witness"
    )


def _is_covered(tally: Tally, shard: int) -> bool:
    """Whether the last entry of a shard is the checkpoint over all others."""
    sealed = tally.sealed.get(shard, 0)
    return sealed > 0 and sealed + 1 == tally.sizes[shard]


def _is_cosigned(there: Context, tally: Tally, shard: int) -> bool:
    point = remembered(note_path(there.running.root, there.name, shard))
    return point is not None and point.size == tally.sealed[shard]
