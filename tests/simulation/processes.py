"""A process that lives, dies and is born again; its zombies go on until somebody tells them.

Death comes where `transport.kill_points` has a name: the hook is asked at every point of every turn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.consumer import Kernel
from kernel.executor import Executor
from ledger.hashes import shard_of
from tests.build import LEDGER, signer
from tests.simulation.faults import Faults
from tests.simulation.setting import identity
from tests.simulation.venue import SimulatedVenue
from topologies.arbiter.processor import Arbiter
from topologies.selector.processor import Selector
from transport.bounds import LoopSettings
from transport.clock import Clock
from transport.log import Effect, LogError, Position, Record
from transport.loop import Loop
from transport.names import LIVE, transactional_id
from transport.processor import Processor
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

HAUNTS_MAX = 40  # turns of a zombie that has nothing to write, and so never hears that it is one
NAMES = ("selector", "arbiter", "kernel", "executor")


class KilledError(BaseException):
    """The process dies here. No Exception, so that nothing that catches those can survive it."""


class TwiceTold(Executor):
    """An executor whose venue answers twice."""

    faults: Faults

    def perform(self, effect: Effect) -> Sequence[Record]:
        answers = super().perform(effect)
        return [*answers, *answers] if self.faults.happens("venue answers twice") else answers


def build(name: str, venue: SimulatedVenue, faults: Faults) -> Processor:
    """A processor as its process builds it."""
    root = signer("root").public
    match name:
        case "selector":
            return Selector(ledger=LEDGER, root_public=root, shards=1, shard=0, signer=signer("selector"))
        case "arbiter":
            return Arbiter(ledger=LEDGER, root_public=root, shard=0, signer=signer("arbiter"))
        case "kernel":
            return Kernel(
                identity=identity(), log_signer=signer("kernel-log"), intent_signer=signer("kernel-intent")
            )
        case _:
            made = TwiceTold(ledger=LEDGER, root=root, shard=0, signer=signer("executor"), venue=venue)
            made.faults = faults
            return made


@dataclass(eq=False)
class Life:
    """One run of one processor, from fencing to death."""

    processor: Any
    log: SimulatedLog
    loop: Loop
    started: bool = False
    turning: bool = False
    haunts: int = 0


@dataclass
class Process:
    """One name on the broker. Its newest life is `life`; the others are zombies."""

    name: str
    broker: SimulatedBroker
    faults: Faults
    venue: SimulatedVenue
    clock: Callable[[], Clock]
    withheld: Callable[[Position], bool]
    monotonic_ms: Callable[[], int]
    life: Life | None = None
    zombies: list[Life] = field(default_factory=list)
    sleeps: int = 0
    lives: int = 0
    ends: list[str] = field(default_factory=list)

    @property
    def transactional_id(self) -> str:
        return transactional_id(LIVE, self.name, 0)

    def turn(self) -> None:
        """Let the newest life do one thing: be born, or turn once."""
        if self.sleeps:
            self.sleeps -= 1
            return
        if self.life is None:
            self.life = self._born()
        life = self.life
        self._live(life)
        if life.log.is_fenced():  # by an elder that began before it and asked for its epoch after it
            self._weary(life)

    def haunt(self) -> None:
        """Let the zombies do one thing each."""
        for zombie in list(self.zombies):
            self._live(zombie)
            self._weary(zombie)

    def _weary(self, life: Life) -> None:
        """Another turn of one that has nothing to say; somebody ends it at last."""
        life.haunts += 1
        if life.haunts > HAUNTS_MAX and not life.turning:
            self._gone(life, "given up")

    def succeeded(self) -> None:
        """Take the present life for dead; it does not know that."""
        if self.life is not None:
            self.zombies.append(self.life)
            self.life = None

    def stop(self) -> None:
        """End the present life cleanly."""
        life = self.life
        if life is None or not life.started or life.turning:
            return
        self._guarded(life, life.loop.finish)
        self._gone(life, "stopped")

    def _live(self, life: Life) -> None:
        if life.turning:
            return  # it stands still somewhere below us
        if not life.started:
            self._guarded(life, life.loop.start)
            life.started = True
        else:
            self._guarded(life, life.loop.turn)

    def _guarded(self, life: Life, act: Callable[[], None]) -> None:
        life.turning = True
        try:
            act()
        except KilledError:
            self._gone(life, "killed")
        except LogError as error:
            self._gone(life, type(error).__name__)
        finally:
            life.turning = False

    def _gone(self, life: Life, how: str) -> None:
        self.ends.append(how)
        if life in self.zombies:
            self.zombies.remove(life)
        if self.life is life:
            self.life = None
            self.sleeps = self.faults.rng.randint(1, 8) if self.faults.happens("restart is slow") else 0

    def _born(self) -> Life:
        self.lives += 1
        disturbed = self.faults.on and self.faults.intensity > 0
        rng = random.Random(self.faults.rng.random()) if disturbed else None
        processor = build(self.name, self.venue, self.faults)
        log = SimulatedLog(self.broker, self.name, 0, rng=rng, waits=False, withheld=self.withheld)
        batch_max = self.faults.rng.choice((1, 2, 5, 20, 500)) if disturbed else 500
        settings = LoopSettings(monotonic_ms=self.monotonic_ms, batch_max=batch_max)
        return Life(processor=processor, log=log, loop=Loop(processor, log, self.clock(), settings))


assert all(shard_of(name, 1) == 0 for name in ("paper-1", "paper-2"))
