"""The stages of a run: a ledger begins, records are sent, all is healed, everything comes to rest."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from kernel.state.whole import State
from schemas.models import FlowStatus
from tests.simulation.checks import BrokenError
from tests.simulation.endings import in_the_end
from tests.simulation.feed import Group, Told
from tests.simulation.setting import SECOND
from tests.simulation.world import World

BOOT_ROUNDS, ROUNDS_MAX, QUIET_ROUNDS = 400, 6_000, 4
HEAL_STEP_US = 2 * SECOND


def rng_of(seed: int, what: str) -> random.Random:
    """A die of this seed for one purpose."""
    return random.Random(hashlib.sha256(f"{seed}/{what}".encode()).digest())


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
