"""One seed: a free run under faults, or two runs of one tape, with faults and without, that must agree."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from interlock.projection import Line, projection
from kernel.state.accounts import Account, Held
from kernel.state.whole import State
from schemas.money import plain
from schemas.reasons import Reason
from tests.simulation.checks import BrokenError, in_the_end
from tests.simulation.faults import Faults
from tests.simulation.feed import Feed, Group, Told
from tests.simulation.setting import SECOND
from tests.simulation.world import World

INTENSITIES = (0.3, 1.0, 1.0, 2.5)
BOOT_ROUNDS, ROUNDS_MAX, QUIET_ROUNDS = 400, 6_000, 4
SPACINGS_MS = (100, 800, 2_500)  # at most so long between two groups: a rush, or a quiet day
HEAL_STEP_US = 2 * SECOND


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


def rng_of(seed: int, what: str) -> random.Random:
    """A die of this seed for one purpose."""
    return random.Random(hashlib.sha256(f"{seed}/{what}".encode()).digest())


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


def lock_step(seed: int, worlds: list[World]) -> None:
    """The same tape, undisturbed and disturbed: the projections must be equal."""
    groups = rng_of(seed, "size").randint(2, 8)
    calm = taped(seed, groups, Faults(rng_of(seed, "calm"), 0.0), worlds)
    rng = rng_of(seed, "faults")
    intensity = rng.choice(INTENSITIES)
    only = frozenset(rates_of_lock_step())
    wild = taped(seed, groups, Faults(rng, intensity, only), worlds)
    if calm != wild:
        raise BrokenError("lock-step runs agree, with faults and without", difference(calm, wild))


def rates_of_lock_step() -> list[str]:
    """Faults that no projection may show: time stands, so what is slow, silent or late has no place here."""
    from tests.simulation.faults import RATES

    foreign = {
        "thinker is silent", "thinker is late", "thinker is slow", "clock jumps ahead", "clock jumps back",
        "signal delivered late", "thinker thinks again otherwise",
    }  # fmt: skip
    return [name for name in RATES if name not in foreign]


Seen = tuple[dict[str, list[Line]], dict[str, Any], dict[str, Any]]


def taped(
    seed: int,
    count: int,
    faults: Faults,
    worlds: list[World],
    directed: Callable[[World], None] | None = None,
) -> Seen:
    """Feed a tape at rest; what stands in the ledger, in the accounts and at the venue after it.

    directed: called after the boot and after each group, to do harm on purpose.
    """
    world = World(faults, character=str(seed), tape=True)
    worlds.append(world)
    with world.armed():
        boot(world)
        for group in Feed(rng_of(seed, "feed"), world.pens).groups(count):
            if directed is not None:
                directed(world)
            world.tape_now = max(world.tape_now, group.at)
            for told in stirred(world, shifted(group, world.tape_now)):
                world.tell(told)
            settle(world)
            for told in world.desk.answers(world.tape_now):
                world.tell(told)
            settle(world)
        faults.on = False
        settle(world)
        at_the_end(world)
    return seen(world)


def settle(world: World) -> None:
    """Run until nothing moves; if flows still wait for somebody silent, let the tape's clock go on."""
    quiet = 0
    for _ in range(ROUNDS_MAX):
        world.round()
        quiet = quiet + 1 if world.at_rest() else 0
        if quiet < QUIET_ROUNDS:
            continue
        if not world.living():
            return
        world.tape_now += SECOND
        quiet = 0
    raise BrokenError("everything comes to rest", str([each.hex() for each in world.living()]))


def boot(world: World) -> None:
    """Until accounts are open and workers accepted; nothing goes wrong before there is a ledger."""
    world.faults.on = False
    for _ in range(BOOT_ROUNDS):
        world.round()
        state = world.kernel_state()
        if state is not None and len(state.accounts) == 2 and world.at_rest():
            break
    else:
        raise BrokenError("a ledger begins", "no accounts")
    world.faults.on = True


def heal(world: World) -> None:
    """No more faults: until every flow has ended, by itself or by the clock."""
    world.faults.on = False
    world.venue.heal()
    world.jumped.clear()
    quiet = 0
    for _ in range(ROUNDS_MAX):
        world.round()
        answered(world)
        quiet = quiet + 1 if world.at_rest() else 0
        state = world.kernel_state()
        if quiet >= QUIET_ROUNDS and state is not None:
            if not owing(world, state):
                return
            world.broker.now_ms += HEAL_STEP_US // 1_000
            quiet = 0
    raise BrokenError("everything comes to rest", "flows are left")


def owing(world: World, state: State) -> list[bytes]:
    """Flows without outcome or suspension; what waits for a person ends by the clock."""
    from schemas.models import FlowStatus

    return [
        dfid
        for dfid, _ in world.checker.flows
        if dfid not in state.flows
        or not (state.flows[dfid].final or state.flows[dfid].status is FlowStatus.SUSPENDED)
    ]


def at_the_end(world: World) -> None:
    """Every law of the end; on a tape flows may still wait for a person."""
    state = world.kernel_state()
    assert state is not None
    in_the_end(world.checker, state, world.venue, escalated=world.tape)


def seen(world: World) -> Seen:
    """What two runs of one tape must agree on."""
    values = [record.value or b"" for record in world.broker.read(("kernel.ledger", 0), 0, 1_000_000)[0]]
    state = world.kernel_state()
    assert state is not None
    balances = {
        name: (
            plain(each.cash), plain(each.reserved_cash), plain(each.realised), plain(each.fees),
            tuple((key, plain(held.quantity), plain(held.total_cost)) for key, held in held_by(each)),
        )
        for name, each in state.accounts.items()
    }  # fmt: skip
    done = {
        name: (known.order.account, known.told[-1].status.value, plain(known.executed))
        for name, known in world.venue.orders.items()
    }
    lines = {name: [line for line in each if _binds(line)] for name, each in projection(values).items()}
    return lines, balances, done


def _binds(line: Line) -> bool:
    """Not what gates 1 and 2 refuse: it consumes nothing, so each redelivery is refused anew."""
    return line[1] != "DECISION" or line[3] != "REJECTED" or Reason[line[4]].gate > 2


def held_by(account: Account) -> list[tuple[str, Held]]:
    """Positions by instrument; which came first may differ."""
    return sorted(account.positions.items())


def shifted(group: Group, now: int) -> Callable[[], list[Told]]:
    """The group's records, whose times are those of the run."""
    return lambda: [told.at(now) for told in group.records]


def stirred(world: World, records: Callable[[], list[Told]]) -> list[Told]:
    """Signals twice, and garbage between them."""
    happens, rng = world.faults.happens, world.faults.rng
    found: list[Told] = []
    for told in records():
        found.append(told)
        if told.topic != "control" and happens("signal delivered twice"):
            found.append(told)
        if happens("garbage on a topic"):
            topic = rng.choice(
                ("market.signals", "instructions", "mesh.proposals", "proposals", "control", "venue.receipts",
                 "kernel.intents", "evidence.requests", "human.decisions", "agents.manifest", "registry",
                 "evidence.attestations")
            )  # fmt: skip
            found.append(Told(topic, b"paper-1", rng.randbytes(rng.randint(0, 200))))
    return found


def sent(
    world: World, pending: list[tuple[int, Told]], *, everything: bool = False
) -> list[tuple[int, Told]]:
    """Send what is due; some of it is late, and overtaken by what came after it."""
    left: list[tuple[int, Told]] = []
    for due, told in pending:
        if due > world.broker.now_ms and not everything:
            left.append((due, told))
        elif not everything and told.topic != "control" and world.faults.happens("signal delivered late"):
            left.append((world.broker.now_ms + world.faults.rng.randint(100, 4_000), told))
        else:
            world.tell(told)
    return left


def answered(world: World) -> None:
    """People act."""
    for told in world.desk.answers(world.now()):
        world.tell(told)


def difference(one: Seen, other: Seen) -> str:
    """The first place where two runs differ."""
    for name in sorted(one[0].keys() | other[0].keys()):
        first, second = one[0].get(name, []), other[0].get(name, [])
        for number, pair in enumerate(zip(first, second, strict=False)):
            if pair[0] != pair[1]:
                return f"{name} line {number}: {pair[0]} and {pair[1]}"
        if len(first) != len(second):
            return f"{name}: {len(first)} and {len(second)} lines, {(first + second)[-1]}"
    return f"{one[1:]} and {other[1:]}"
