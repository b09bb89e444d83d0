"""When to strike: a kill every so many seconds, and none while what was killed before has not moved again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from interlock.tally import Tally

RULED_KILLS_MAX, RECEIPT_KILLS_MAX = 5, 10  # kills without a decision, or without a receipt that is owed
STILL_S_MAX = 60.0  # then one more kill is risked: what stands still may need it


@dataclass
class Pace:
    """pace_s: seconds from one kill to the next blow, on the average; deaths at points come by themselves."""

    tally: Tally
    rng: random.Random
    pace_s: float
    clock: Callable[[], float] = time.monotonic
    kills: int = 0
    _next_s: float = 0.0
    _moved_s: float = field(default_factory=time.monotonic)
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)  # figure -> value, kills when it grew

    def killed(self) -> None:
        """Somebody died."""
        self.kills += 1
        self._next_s = self.clock() + self.pace_s * self.rng.uniform(0.2, 1.8)

    def is_due(self) -> bool:
        """Whether to strike now."""
        return self.clock() >= self._next_s and self.moves()

    def moves(self) -> bool:
        """Whether decisions and receipts have come since a few kills ago."""
        ruled, receipts = self.tally.entries["DECISION"], self.tally.receipts.total()
        is_owed = (
            sum(n for (_, verdict, _), n in self.tally.verdicts.items() if verdict == "ACCEPTED") > receipts
        )
        still = self._still("ruled", ruled) >= RULED_KILLS_MAX
        still |= self._still("receipts", receipts) >= RECEIPT_KILLS_MAX and is_owed
        if still and self.clock() - self._moved_s > STILL_S_MAX:
            self._moved_s = self.clock()
            self._seen = {name: (value, self.kills - 1) for name, (value, _) in self._seen.items()}
            return True
        return not still

    def _still(self, name: str, value: int) -> int:
        """Kills since a figure last grew."""
        before, kills = self._seen.get(name, (-1, 0))
        if value > before:
            self._seen[name] = (value, self.kills)
            self._moved_s = self.clock()
            return 0
        return self.kills - kills
