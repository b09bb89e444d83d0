"""One tape twice: whatever goes wrong, ledger, accounts and venue tell the same in the end (law 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interlock.projection import Line, projection
from kernel.state.accounts import Account, Held
from schemas.money import plain
from schemas.reasons import Reason
from tests.simulation.checks import BrokenError
from tests.simulation.faults import INTENSITIES, RATES, Faults
from tests.simulation.feed import Feed
from tests.simulation.runs import at_the_end, boot, rng_of, settle, shifted, stirred
from tests.simulation.world import World

Seen = tuple[dict[str, list[Line]], dict[str, Any], dict[str, Any]]


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
    foreign = {
        "thinker is silent", "thinker is late", "thinker is slow", "clock jumps ahead", "clock jumps back",
        "signal delivered late", "thinker thinks again otherwise",
    }  # fmt: skip
    return [name for name in RATES if name not in foreign]


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
