"""Where each process can be told to die, and how far into its life: every named point for who reaches it.

A new kill point without a place here fails `tests/unit/test_kill_plan.py`.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

from transport.kill_points import KillPoint as P

LOOPS = ("selector", "arbiter", "kernel", "executor")
ONCE = (P.BEFORE_INIT, P.AFTER_INIT, P.RESTORED, P.ASSIGNED)  # of a start
CLOSING = (P.BEFORE_CLOSING, P.CLOSED)  # of a clean stop, which is asked for
# How often a point may be passed before it kills; a turn is taken many times a second, a commit a few.
TIMES_MAX = {
    P.POLLED: 60,
    P.STEPPED: 30,
    P.BEFORE_BEGIN: 6,
    P.BEGUN: 6,
    P.PRODUCED: 20,
    P.BEFORE_OFFSETS: 6,
    P.AFTER_OFFSETS: 6,
    P.BEFORE_COMMIT: 6,
    P.AFTER_COMMIT: 6,
    P.ACKNOWLEDGED: 6,
}
VENUE_TIMES_MAX = {
    P.BEFORE_EFFECT: 3,
    P.BEFORE_VENUE: 3,
    P.AFTER_VENUE: 3,
    P.AFTER_EFFECT: 3,
    P.BEFORE_RECEIPT: 3,
    P.BETWEEN_ASKING: 1,
}
IN_THE_MIDST = (P.BEGUN, P.PRODUCED, P.BEFORE_OFFSETS, P.BEFORE_COMMIT)  # of what the client does in a thread
MICROS_MAX = 3_000
AGAIN_CHANCE = 0.7
LEADS_TO_ASKING = (P.BEFORE_EFFECT, P.BEFORE_VENUE)  # only an order the venue never saw is asked about first


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What INTERLOCK_KILL_AT is to say. is_closing: the process is asked to stop, and dies of it."""

    point: P
    times: int = 1
    micros: int = 0

    @property
    def is_closing(self) -> bool:
        """Whether the point lies in a clean stop."""
        return self.point in CLOSING

    def __str__(self) -> str:
        """As the environment wants it."""
        after = f"+{self.micros}" if self.micros else ""
        return f"{self.point.value}:{self.times}{after}"


def points_of(process: str) -> tuple[P, ...]:
    """The points a process can die at; none for one that is no loop."""
    if process not in LOOPS:
        return ()
    own = tuple(VENUE_TIMES_MAX) if process == "executor" else ()
    return (*ONCE, *TIMES_MAX, *own, *CLOSING)


class Deck:
    """All points of one process in a drawn order, again and again, so that each has its turn."""

    def __init__(self, process: str, rng: random.Random) -> None:
        self._points, self._rng = points_of(process), rng
        self._left: deque[P] = deque()

    def draw(self, died_at: P | None = None) -> Arm:
        """The next place to die, given where it died last."""
        if died_at in LEADS_TO_ASKING and self._rng.random() < AGAIN_CHANCE:
            return Arm(point=P.BETWEEN_ASKING)
        if not self._left:
            self._left.extend(self._rng.sample(self._points, len(self._points)))
        return self._arm(self._left.popleft())

    def _arm(self, point: P) -> Arm:
        most = (TIMES_MAX | VENUE_TIMES_MAX).get(point, 1)
        midst = point in IN_THE_MIDST and self._rng.random() < 0.3
        micros = self._rng.randint(50, MICROS_MAX) if midst else 0
        return Arm(point=point, times=self._rng.randint(1, most), micros=micros)
