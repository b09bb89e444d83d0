"""One seed: a free run under faults, or two runs of one tape, with faults and without, that must agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.checks import BrokenError
from tests.simulation.faults import INTENSITIES, Faults
from tests.simulation.feed import Feed, Told
from tests.simulation.lock_step import lock_step
from tests.simulation.runs import answered, at_the_end, boot, heal, rng_of, sent, shifted, stirred
from tests.simulation.world import World

SPACINGS_MS = (100, 800, 2_500)  # at most so long between two groups: a rush, or a quiet day


@dataclass
class Report:
    """What a seed saw. broken: the law that did not hold, if one did not."""

    seed: int
    mode: str
    broken: str = ""
    detail: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)


def run(seed: int) -> Report:
    """Run one seed; a law that does not hold is named in the report, with where."""
    tape = is_tape(seed)
    report = Report(seed=seed, mode="lock-step" if tape else "free")
    worlds: list[World] = []
    try:
        (lock_step if tape else free)(seed, worlds)
    except (AssertionError, RuntimeError, ValueError, LookupError, TypeError) as error:
        law = error.__cause__ if isinstance(error.__cause__, BrokenError) else error  # broken inside a step
        report.broken = law.law if isinstance(law, BrokenError) else type(error).__name__
        report.detail = f"{error}" + (f" ({error.__cause__!r})" if error.__cause__ is not None else "")
    if worlds:  # of two runs the disturbed one
        report.faults, report.reached = worlds[-1].faults.counts, worlds[-1].checker.tally
        report.ends = Counter(how for each in worlds[-1].processes.values() for how in each.ends)
    return report


def is_tape(seed: int) -> bool:
    """Whether the seed is run in lock-step: one in three."""
    return seed % 3 == 0


def free(seed: int, worlds: list[World]) -> None:
    """Time goes by itself and everything goes wrong; then all is healed, and everything must be there."""
    rng = rng_of(seed, "faults")
    faults = Faults(rng, rng.choice(INTENSITIES))
    world = World(faults, character=str(seed), tape=False)
    worlds.append(world)
    with world.armed():
        boot(world)
        groups = Feed(rng_of(seed, "feed"), world.pens).groups(rng.randint(4, 14))
        spacing_ms = rng.choice(SPACINGS_MS)
        pending: list[tuple[int, Told]] = []
        for group in groups:
            until = world.broker.now_ms + rng.randint(1, spacing_ms)
            pending += [(world.broker.now_ms, told) for told in stirred(world, shifted(group, world.now()))]
            while world.broker.now_ms < until:
                pending = sent(world, pending)
                answered(world)
                world.round()
        sent(world, pending, everything=True)
        heal(world)
        at_the_end(world)
