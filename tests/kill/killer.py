"""The seeded killer: who dies next, of what, and where; the supervisor brings them back.

Kinds: `random` (SIGKILL at any moment), `point` (the process kills itself where INTERLOCK_KILL_AT says),
`term` (SIGTERM in the midst of a start), `signer` (the process that holds a worker's key), `frozen` (SIGSTOP
beyond every time-out, then SIGCONT), `zombie` (the same with a successor started meanwhile: the old one must
find itself fenced), `broker`.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from interlock.services.leash import Leashed
from tests.kill.book import Book
from tests.kill.brokers import Brokers
from tests.kill.hand import signer_of
from tests.kill.pace import Pace
from tests.kill.points import LEADS_TO_ASKING, LOOPS, Arm, Deck
from tests.kill.stage import TRANSACTION_TIMEOUT_MS, Stage
from transport.exits import AGAIN, FENCED
from transport.kill_points import KillPoint as P

ARMED_S_MAX = 20.0  # a point that was not reached by then is given up: the process dies at random
FROZEN_S = {True: TRANSACTION_TIMEOUT_MS / 1_000 + 2.0, False: 8.0}  # a loop; a worker (its session: 6 s)
FENCED_S_MAX = 40.0  # a zombie writes within this time, or it has nothing to write
ARMED_SHARE = 0.85  # of the lives that loops begin while the ledger moves
THINKER_SHARE, SIGNER_SHARE = 0.16, 0.05  # of the random kills
FREEZE_EVERY, BROKER_EVERY = 25, 34  # 4 % and 3 % of all kills


@dataclass
class Life:
    """One incarnation of a loop."""

    since: float
    arm: Arm | None = None
    asked: bool = False  # to stop, for the points of a clean stop


@dataclass(frozen=True)
class Frozen:
    """A process that is stopped. successor: whether one was started beside it."""

    name: str
    pid: int
    until: float
    child: Leashed | None
    armed: bool


@dataclass(frozen=True)
class Zombie:
    """A process that goes on beside its successor. armed: it may kill itself before it hears of that one."""

    name: str
    child: Leashed
    until: float
    armed: bool


@dataclass
class Killer:
    """`tick` often. pace_s: seconds a kill, on the average; wanted: how many."""

    stage: Stage
    rng: random.Random
    wanted: int
    pace_s: float
    brokers: Brokers
    book: Book = field(default_factory=Book)
    clock: Callable[[], float] = time.monotonic
    _ends: list[tuple[str, int]] = field(default_factory=list)
    _mine: dict[str, str] = field(default_factory=dict)  # killed by us, and not yet seen to end: how
    _frozen: list[Frozen] = field(default_factory=list)
    _zombies: list[Zombie] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._decks = {name: Deck(name, self.rng) for name in LOOPS}
        self._lives = {name: Life(since=self.clock()) for name in LOOPS}
        self.pace = Pace(self.stage.observer.tally, self.rng, self.pace_s)
        self.stage.hand.ended = lambda name, code: self._ends.append((name, code))

    def tick(self) -> None:
        """Notice who died, thaw who was frozen, and strike when it is time."""
        self._notice()
        self._thaw()
        self._ask_to_stop()
        self._broker_back()
        is_due = self.pace.is_due() or self._owes(BROKER_EVERY, "broker")
        if is_due and self.book.total < self.wanted and not self.brokers.down:
            self._strike()

    @property
    def busy(self) -> bool:
        """Whether something is frozen, a zombie is about, or a broker is away."""
        return bool(self._frozen or self._zombies or self._mine) or self.brokers.away

    def disarm(self) -> None:
        """No new deaths: what is armed is killed once more, so that its next life is a plain one."""
        for name in LOOPS:
            self.stage.env[name].pop("INTERLOCK_KILL_AT", None)
            if self._lives[name].arm is not None and not self._is_frozen(name):
                self._kill(name, "random")

    def _notice(self) -> None:
        while self._ends:
            name, code = self._ends.pop(0)
            life = self._lives.get(name)
            arm = None if life is None else life.arm
            kind = self._mine.pop(name, None)
            if kind is not None:
                self._booked(kind, name)
            elif code == -signal.SIGKILL and arm is not None:
                self._booked("point", name, arm.point.value)
            elif code == -signal.SIGTERM and life is not None and life.asked:
                self._booked("term", name)  # asked to stop before it could hear
            else:
                self.book.ended(name, code)
            if life is not None:
                self._lives[name] = Life(since=self.clock(), arm=self._armed(name, arm))

    def _booked(self, kind: str, name: str, point: str = "") -> None:
        self.book.killed[kind, name, point] += 1
        self.pace.killed()

    def _armed(self, name: str, before: Arm | None) -> Arm | None:
        """What the next life is to die of; the supervisor starts it a moment later."""
        env = self.stage.env[name]
        env.pop("INTERLOCK_KILL_AT", None)
        if self.book.total >= self.wanted:
            return None
        died_at = None if before is None else before.point
        if self._rare(died_at):
            arm = Arm(point=P.BETWEEN_ASKING)
        elif self.rng.random() > ARMED_SHARE or not self.pace.moves():
            return None
        else:
            arm = self._decks[name].draw(died_at)
        env["INTERLOCK_KILL_AT"] = str(arm)
        return arm

    def _rare(self, died_at: P | None) -> bool:
        """Whether the one way to a point at which nobody has died yet is open: no chance may pass it by."""
        return died_at in LEADS_TO_ASKING and P.BETWEEN_ASKING.value in self.book.unreached()

    def _strike(self) -> None:
        if self._owes(BROKER_EVERY, "broker") and not self.brokers.away:
            self.brokers.kill()
        elif self._owes(FREEZE_EVERY, "frozen", "zombie"):
            self._freeze()
        else:
            self._random()

    def _owes(self, every: int, *kinds: str) -> bool:
        """Whether one of these kinds is due: one in so many kills, the first after half as many."""
        return (self.book.total + every // 2) // every > sum(map(self.book.of_kind, kinds))

    def _random(self) -> None:
        drawn = self.rng.random()
        if drawn < SIGNER_SHARE:
            self._kill_signer(self.rng.choice(self.stage.thinkers))
        elif drawn < SIGNER_SHARE + THINKER_SHARE:
            self._kill(self.rng.choice(self.stage.thinkers), "random")
        else:
            now = self.clock()
            free = [
                name for name in LOOPS
                if (life := self._lives[name]).arm is None or now - life.since > ARMED_S_MAX
            ]  # fmt: skip
            if free:  # else all will die of themselves
                self._kill(self.rng.choice(free), "random")

    def _kill(self, name: str, kind: str) -> None:
        if name in self._mine or self._is_frozen(name) or self.stage.hand.pid(name) is None:
            return
        self._mine[name] = kind
        self.stage.hand.kill(name)

    def _kill_signer(self, name: str) -> None:
        pid = None if self._is_frozen(name) else self.stage.hand.pid(name)
        signer = None if pid is None else signer_of(pid)
        if signer is not None:
            with suppress(ProcessLookupError):
                os.kill(signer, signal.SIGKILL)
                self._booked("signer", name)

    def _freeze(self) -> None:
        name = self.rng.choice((*LOOPS, *LOOPS, *self.stage.thinkers))
        hand, pid = self.stage.hand, self.stage.hand.pid(name)
        if pid is None or self._is_frozen(name) or name in self._mine:
            return
        if not hand.send(name, signal.SIGSTOP):
            return
        is_loop = name in LOOPS
        child = hand.let_go(name) if is_loop and self.rng.random() < 0.5 else None
        armed = name in self._lives and self._lives[name].arm is not None
        if child is not None:
            self._lives[name] = Life(since=self.clock())
            self.stage.env[name].pop("INTERLOCK_KILL_AT", None)
        until = self.clock() + FROZEN_S[is_loop]
        self._frozen.append(Frozen(name=name, pid=pid, until=until, child=child, armed=armed))
        self._booked("frozen" if child is None else "zombie", name)

    def _thaw(self) -> None:
        now = self.clock()
        for one in [each for each in self._frozen if each.until <= now]:
            self._frozen.remove(one)
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGCONT)
            if one.child is not None:
                self._zombies.append(Zombie(one.name, one.child, now + FENCED_S_MAX, one.armed))
        for zombie in list(self._zombies):
            code = zombie.child.exit_code()
            if code is None and now < zombie.until:
                continue
            self._zombies.remove(zombie)
            if code is None:
                zombie.child.kill()
            self._judge(zombie.name, code, armed=zombie.armed)

    def _judge(self, name: str, code: int | None, *, armed: bool) -> None:
        """Fenced, or ended before it heard of that: its transaction timed out, or it met its own point."""
        self.book.exits[f"zombie {name}", -1 if code is None else code] += 1
        if code not in (FENCED, AGAIN) and not (armed and code == -signal.SIGKILL):
            self.book.breaches.append(f"a zombie of {name} ended with {code}, not with {FENCED} or {AGAIN}")

    def _ask_to_stop(self) -> None:
        now = self.clock()
        for name, life in self._lives.items():
            if life.arm is not None and life.arm.is_closing and not life.asked and now - life.since > 2.0:
                life.asked = self.stage.hand.send(name, signal.SIGTERM)

    def _broker_back(self) -> None:
        back = self.brokers.tick()
        if back is not None:
            self._booked("broker", back)

    def _is_frozen(self, name: str) -> bool:
        return any(each.name == name and each.child is None for each in self._frozen)
