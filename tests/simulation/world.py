"""One ledger in one process: every actor gets turns from a die, and what is written is checked at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import kernel.consumer
from kernel.state.whole import State
from schemas.models import Verb
from tests.build import signer
from tests.simulation.checks import Checker
from tests.simulation.faults import Faults
from tests.simulation.feed import Pens, Told
from tests.simulation.people import Desk
from tests.simulation.processes import NAMES, KilledError, Process
from tests.simulation.quick import remembering
from tests.simulation.rest import living, probe, settled
from tests.simulation.setting import (
    ACCOUNTS,
    BYTES_MAX,
    NOON,
    TOPIC_COUNTS,
    contracts,
    framed,
    hello,
    release,
)
from tests.simulation.thinkers import ROLES, Attestor, Thinker
from tests.simulation.venue import SimulatedVenue
from topologies.grants import Grants
from transport import kill_points
from transport.clock import LiveClock
from transport.kill_points import KillPoint
from transport.log import OutcomeUnknown, Position
from transport.simulated_broker import SimulatedBroker

IN_TRANSACTION = frozenset({KillPoint.BEGUN, KillPoint.PRODUCED, KillPoint.BEFORE_OFFSETS})
AROUND_EFFECTS = frozenset(
    {
        KillPoint.BEFORE_EFFECT, KillPoint.BEFORE_VENUE, KillPoint.BETWEEN_ASKING, KillPoint.AFTER_VENUE,
        KillPoint.AFTER_EFFECT, KillPoint.BEFORE_RECEIPT,
    }
)  # fmt: skip
IDLE = frozenset({KillPoint.POLLED, KillPoint.STEPPED})
IDLE_SHARE = 0.1  # these come with every empty turn too, and would crowd out the others
SNAPSHOT_EVERY = 60  # entries: a short simulation must restart from snapshots too
CANNOT_DEDUPLICATE = 0.15  # of the free runs have such a venue
CLOCKS_AGREE_AGAIN = 0.05  # each round
PROBES = 0.02  # of the committed steps: is what is restored what was in memory?


class World:
    """``tape``: time stands but for the feeder; else it goes by itself."""

    def __init__(self, faults: Faults, *, character: str, tape: bool) -> None:
        self.faults, self.tape = faults, tape
        self.broker = SimulatedBroker(TOPIC_COUNTS, bytes_max=BYTES_MAX, late=faults.intensity > 0)
        self.tape_now = NOON
        self.jumped: dict[str, int] = {}
        self.pens = Pens()
        self.checker = Checker(self.broker)
        self.broker.on_commit = self.checker.committed
        self.venue = SimulatedVenue(
            faults=faults, seed=character, now=self.now, watch=self.checker.takes, in_parts=not tape,
            deduplicates=tape or faults.rng.random() > CANNOT_DEDUPLICATE,
        )  # fmt: skip
        self.processes = {name: self._process(name) for name in NAMES}
        self.grants = Grants(signer("root").public)
        self._release()
        self.thinkers: list[Any] = [
            Thinker(agent, lane, self.broker, self.grants, faults, character) for agent, lane in ROLES.items()
        ]
        self.thinkers.append(Attestor(self.broker, faults))
        self.desk = Desk(self.broker, self.pens, character)
        self.script: Callable[[Process, KillPoint], None] | None = None
        self._stack: list[Process] = []
        self._deaf: set[Position] = set()

    # -- time and papers ---------------------------------------------------------------------------------

    def now(self) -> int:
        """Micros UTC, as the world has it; processes may see it jump."""
        return self.tape_now if self.tape else NOON + self.broker.now_ms * 1_000

    def tell(self, told: Told) -> None:
        """Write a record as its producer does."""
        value = told.value() if callable(told.value) else told.value
        self.broker.append(told.topic, 0, told.key, value)

    def _release(self) -> None:
        for key, value in release():
            self.broker.append("registry", 0, key, value)
        for record in self.broker.read(("registry", 0), 0, 1_000)[0]:
            assert self.grants.fold(record)
        for account in ACCOUNTS:
            opening = self.pens.control(Verb.OPEN, self.now(), account=account, amount=Decimal(100_000))
            self.tell(Told("control", account.encode(), opening))
        for agent in contracts():
            self.tell(Told("agents.manifest", agent.encode(), framed(hello(agent, self.now()))))

    def _process(self, name: str) -> Process:
        def clock() -> LiveClock:
            return LiveClock(lambda: (self.now() + self.jumped.get(name, 0)) * 1_000)

        return Process(
            name=name, broker=self.broker, faults=self.faults, venue=self.venue, clock=clock,
            withheld=lambda at: at in self._deaf, monotonic_ms=lambda: self.broker.now_ms,
        )  # fmt: skip

    # -- turns -------------------------------------------------------------------------------------------

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Faults and checks at every kill point, until the block ends."""
        before = kernel.consumer.SNAPSHOT_EVERY
        kernel.consumer.SNAPSHOT_EVERY = SNAPSHOT_EVERY
        kill_points.arm(self._reached)
        try:
            with remembering():
                yield
        finally:
            kill_points.arm(None)
            kernel.consumer.SNAPSHOT_EVERY = before

    def round(self) -> None:
        """Everybody gets a turn, in an order of the die, and some time goes by."""
        rng, quiet = self.faults.rng, not (self.faults.on and self.faults.intensity)
        actors: list[Any] = [*self.processes.values(), *self.thinkers]
        self._deaf = set()
        if not quiet:
            rng.shuffle(actors)
            self._weather(rng)
        for actor in actors:
            if isinstance(actor, Process):
                self.turn(actor)
            else:
                actor.turn()
        for name, at in self.broker.unsettled():
            if not self.faults.happens("markers are late"):
                self.broker.settle(name, at)
        self.venue.pass_time()
        self.broker.now_ms += 60 if quiet else rng.randint(1, 150)

    def turn(self, process: Process) -> None:
        """One turn of a process, and of its ghosts."""
        self._stack.append(process)
        try:
            process.turn()
            process.haunt()
        finally:
            self._stack.pop()

    def _weather(self, rng: random.Random) -> None:
        happens = self.faults.happens
        for process in self.processes.values():
            if happens("clean stop"):
                self._stack.append(process)
                process.stop()
                self._stack.pop()
            if rng.random() < CLOCKS_AGREE_AGAIN:
                self.jumped.pop(process.name, None)
            if not self.tape and happens("clock jumps ahead"):
                self.jumped[process.name] = rng.randint(1, rng.choice((3_000_000, 90_000_000)))
            if not self.tape and happens("clock jumps back"):
                self.jumped[process.name] = -rng.randint(1, 3_000_000)
        if happens("proposal delivered twice"):
            records, _ = self.broker.read(("proposals", 0), 0, 1_000)
            for record in rng.sample(records, min(1, len(records))):
                self.broker.append("proposals", 0, record.key, record.value)
        if happens("partition answers nothing"):
            self._deaf = {(topic, 0) for topic in rng.sample(sorted(TOPIC_COUNTS), 5)}

    # -- what a kill point may do ------------------------------------------------------------------------

    def _reached(self, point: KillPoint) -> None:
        process = self._stack[-1] if self._stack else None
        if process is None:
            return
        if self.script is not None:
            self.script(process, point)
        if point in IDLE and self.faults.rng.random() > IDLE_SHARE:
            return
        happens = self.faults.happens
        if point is KillPoint.ACKNOWLEDGED and self.faults.rng.random() < PROBES:
            probe(process, self.broker)
        if happens("kill at an effect" if point in AROUND_EFFECTS else "kill"):
            self.faults.counts[f"killed {process.name} {point.value}"] += 1
            raise KilledError(point)
        if point in IN_TRANSACTION and happens("transaction timed out"):
            self.broker.time_out(process.transactional_id)
        if point is KillPoint.BEFORE_COMMIT and happens("commit never arrived"):
            raise OutcomeUnknown(point)
        if point is KillPoint.AFTER_COMMIT and happens("answer lost after the commit"):
            raise OutcomeUnknown(point)
        if len(self._stack) < 3 and happens("another process acts in between"):
            self._others(process)
        if len(self._stack) < 2 and happens("zombie goes on beside its successor"):
            self.superseded(process, self.faults.rng.randint(2, 12))

    def superseded(self, process: Process, turns: int) -> None:
        """A process stands still here, is taken for dead, and its successor works; then it goes on."""
        process.succeeded()
        for _ in range(turns):
            self.turn(process)

    def _others(self, process: Process) -> None:
        others = [each for each in self.processes.values() if each not in self._stack]
        if others:
            self.turn(self.faults.rng.choice(others))

    def kernel_state(self) -> State | None:
        """The kernel's state, if it lives."""
        life = self.processes["kernel"].life
        return life.processor.state if life is not None and life.started else None

    def at_rest(self) -> bool:
        """Nothing is unread, unsaid or under way; flows may still wait for the clock or a person."""
        moving = self.broker.unsettled() or any(each.busy for each in self.thinkers)
        return not moving and settled(self.processes.values())

    def living(self) -> list[bytes]:
        """Flows that still owe an outcome, an escalation or a suspension."""
        return living(self.checker, self.kernel_state())
