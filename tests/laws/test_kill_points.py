"""Killed at any named point, every process leaves what it would have left; a point without a case fails."""

from __future__ import annotations

import functools
import inspect

import pytest

from tests.simulation.faults import Faults
from tests.simulation.lock_step import Seen, taped
from tests.simulation.processes import NAMES, KilledError, Process
from tests.simulation.runs import rng_of
from tests.simulation.world import World
from transport import kafka_producer, loop
from transport.kill_points import KillPoint, arm, reached

GROUPS, TAPES = 5, 60
LANES = ({"momentum"}, {"audit"}, {"rebalance", "headline"})  # decision classes
STARTING = (KillPoint.BEFORE_INIT, KillPoint.AFTER_INIT, KillPoint.RESTORED, KillPoint.ASSIGNED)
STOPPING = (KillPoint.BEFORE_CLOSING, KillPoint.CLOSED)
OF_EFFECTS = (
    KillPoint.BEFORE_EFFECT, KillPoint.BEFORE_VENUE, KillPoint.BETWEEN_ASKING, KillPoint.AFTER_VENUE,
    KillPoint.AFTER_EFFECT, KillPoint.BEFORE_RECEIPT,
)  # fmt: skip
IN_TRANSACTION = (
    KillPoint.BEFORE_BEGIN, KillPoint.BEGUN, KillPoint.PRODUCED, KillPoint.BEFORE_OFFSETS,
    KillPoint.AFTER_OFFSETS, KillPoint.BEFORE_COMMIT, KillPoint.AFTER_COMMIT,
)  # fmt: skip


def dies_at(point: KillPoint) -> list[KillPoint]:
    """The deaths that lead to this one: a start follows a death, and the venue is asked twice after one."""
    if point in STARTING:
        return [KillPoint.ACKNOWLEDGED, point]
    return [KillPoint.BEFORE_VENUE, point] if point is KillPoint.BETWEEN_ASKING else [point]


ONCE = frozenset({*STARTING, *STOPPING, *OF_EFFECTS})  # later passes of these are like the first
CASES = [
    (point, name, skipped)
    for point in KillPoint
    for name in (("executor",) if point in OF_EFFECTS else NAMES)
    for skipped in ((0,) if point in ONCE else (0, 3))
]


class Deaths:
    """Kills one process at each of the points in turn; `skipped` times each point is passed first."""

    def __init__(self, name: str, points: list[KillPoint], skipped: int) -> None:
        self.name, self.left, self.skipped, self.passed = name, points, skipped, 0

    def __call__(self, process: Process, point: KillPoint) -> None:
        if process.name != self.name or not self.left or point is not self.left[0]:
            return
        self.passed += 1
        if self.passed <= self.skipped:
            return
        del self.left[0]
        self.passed = 0
        raise KilledError(point)

    def directed(self, world: World) -> None:
        """Begin to kill after the boot, and stop the process cleanly where the point needs it."""
        world.script = self
        if self.left and self.left[0] in STOPPING:
            world._stack.append(world.processes[self.name])
            world.processes[self.name].stop()
            world._stack.pop()


def life(tape: int, deaths: Deaths | None) -> Seen:
    faults = Faults(rng_of(tape, "calm"), 0.0)
    return taped(tape, GROUPS, faults, [], None if deaths is None else deaths.directed)


@functools.cache
def undisturbed() -> tuple[int, Seen]:
    """The first tape on which flows of all three lanes reach the venue, and what it leaves."""
    for tape in range(TAPES):
        seen = life(tape, None)
        lines = [line for account in seen[0].values() for line in account]
        traded = {line[0][-1] for line in lines if line[1] == "RECEIPT"}
        if all(traded & lane for lane in LANES):
            return tape, seen
    raise AssertionError("no tape reaches the venue on every lane")


@pytest.mark.parametrize(("point", "name", "skipped"), CASES, ids=str)
def test_a_death_at_a_named_point_changes_nothing(point, name, skipped):
    deaths = Deaths(name, dies_at(point), skipped)
    tape, seen = undisturbed()
    assert life(tape, deaths) == seen
    assert deaths.left == [], f"{name} never came to {point.value}: this point has no case"


def test_the_real_log_and_the_loop_reach_the_points_that_are_theirs():
    of_kafka, of_loop = inspect.getsource(kafka_producer), inspect.getsource(loop)
    assert [each for each in IN_TRANSACTION if f"KillPoint.{each.name})" not in of_kafka] == []
    others = set(KillPoint) - set(IN_TRANSACTION) - set(OF_EFFECTS[1:4]) - {KillPoint.BEFORE_RECEIPT}
    assert sorted(each for each in others if f"KillPoint.{each.name})" not in of_loop) == []


def test_an_unarmed_point_does_nothing():
    arm(None)
    for point in KillPoint:
        reached(point)
