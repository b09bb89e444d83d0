"""What goes wrong, drawn from the seed, and counted: a fault that is never injected proves nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

INTENSITIES = (0.3, 1.0, 1.0, 2.5)
# Chance each time the occasion arises; a seed multiplies them all by its own intensity.
RATES: Mapping[str, float] = {
    "kill": 0.004,
    "kill at an effect": 0.05,
    "answer lost after the commit": 0.02,
    "commit never arrived": 0.01,
    "transaction timed out": 0.003,
    "zombie goes on beside its successor": 0.003,
    "another process acts in between": 0.01,
    "markers are late": 0.5,
    "partition answers nothing": 0.05,
    "restart is slow": 0.3,
    "clean stop": 0.002,
    "clock jumps ahead": 0.002,
    "clock jumps back": 0.004,
    "signal delivered twice": 0.15,
    "signal delivered late": 0.1,
    "garbage on a topic": 0.15,
    "proposal delivered twice": 0.02,
    "thinker is slow": 0.15,
    "thinker is silent": 0.06,
    "thinker says it twice": 0.12,
    "thinker dies and reads again": 0.005,
    "thinker thinks again otherwise": 0.05,
    "thinker is late": 0.05,
    "forged answer": 0.08,
    "venue times out before it acts": 0.12,
    "venue times out after it has acted": 0.12,
    "venue acts later": 0.08,
    "venue is down": 0.06,
    "venue answers twice": 0.08,
}


class Faults:
    """`happens` draws; nothing is drawn while they are off, or when the intensity is 0."""

    def __init__(self, rng: random.Random, intensity: float, only: frozenset[str] | None = None) -> None:
        self.rng, self.intensity, self.on = rng, intensity, True
        self.counts: Counter[str] = Counter()
        self._only = only

    def happens(self, name: str) -> bool:
        """Whether this fault strikes now."""
        if not self.on or not self.intensity or (self._only is not None and name not in self._only):
            return False
        if self.rng.random() >= min(RATES[name] * self.intensity, 0.9):
            return False
        self.counts[name] += 1
        return True
