"""The loop's bounds: how much, how often, how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from transport.log import Positions
from transport.probes import Probe


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """The loop's bounds.

    batch_max: records a step, so that a transaction stays far under its time-out.
    tick_ms: a step is called at least this often, for deadlines that no record announces.
    hold_ms: how long a record waits for its cause; then it is judged as it stands.
    progress_ms: least time between two transactions that only say how far was read.
    progress_busy_ms: the same while records keep coming, when nobody waits to see it.
    keep_every: records read without output after which the positions are written all the same, so that a
    restart reads a bounded stretch again.
    buffer_max: records read ahead per partition.
    answers_max: steps a stop grants to answers of effects; what is left is found again by reconciliation.
    careful: up to these positions one record is taken at a time; a bug stopped the last run before them.
    """

    batch_max: int = 500
    tick_ms: int = 100
    hold_ms: int = 5_000
    progress_ms: int = 5
    progress_busy_ms: int = 1_000
    keep_every: int = 5_000
    buffer_max: int = 1_000
    answers_max: int = 10
    careful: Positions = field(default_factory=dict)
    monotonic_ms: Callable[[], int] = _monotonic_ms
    probe: Probe | None = None

    def limit(self, positions: Positions) -> int:
        """How many records the next step may take, standing at these positions."""
        careful = any(positions.get(at, end) < end for at, end in self.careful.items())
        return 1 if careful else self.batch_max
