"""Action × gate: which questions an action faces; the table the docs print."""

from __future__ import annotations

from kernel.case import Stance

ADMISSION = 6
ESCALATION = 10
DRIFT = 11
ALL_GATES = tuple(range(1, 13))
FACES: dict[Stance, frozenset[int]] = {
    # A HALT must get through: no rate, budget, confidence or missing price can stop it.
    Stance.HALT: frozenset({1, 2, 3, 4, 7}),
    Stance.HOLD: frozenset(range(1, 9)),
    Stance.CANCEL: frozenset({1, 2, 3, 4, 7}),
    # Getting out is never refused for size, rate or a tripped breaker; gates 4, 9 and 11 ask it less.
    Stance.REDUCING: frozenset({1, 2, 3, 4, 7, 8, 9, 11, 12}),
    Stance.INCREASING: frozenset(ALL_GATES),
    # A frame is asked all that an increasing action is; gates 9 to 12 ask it as a frame: its total, its band.
    Stance.MANDATE: frozenset(ALL_GATES),
}
# The kernel's own order after a failure half-way has no signer, flow or context to be asked about; it is
# judged as reducing, for it takes back what should not have been, and gate 9 asks it no size.
COMPENSATION = frozenset({4, 7, 9, 11, 12})
REPORT = frozenset({1, 2})  # a report has no effect to be asked about
