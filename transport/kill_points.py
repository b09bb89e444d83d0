"""Every place where dying may hurt, by name: kill loops go through this list, and a hook dies there.

An implementation of `Log` reaches the points of its own transactions, the loop those of its turns, the
executor those around the venue. Unused, a point costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class KillPoint(StrEnum):
    """In the order of a life. The name says what has just happened, or what is about to."""

    BEFORE_INIT = "before-init"  # the predecessor is not yet fenced
    AFTER_INIT = "after-init"  # fenced, and nothing is read
    RESTORED = "restored"  # the state is there, no input is assigned
    ASSIGNED = "assigned"
    POLLED = "polled"  # records are read, none is stepped
    STEPPED = "stepped"  # memory has changed, nothing is written
    BEFORE_BEGIN = "before-begin"
    BEGUN = "begun"
    PRODUCED = "produced"  # after each record of an open transaction
    BEFORE_OFFSETS = "before-offsets"
    AFTER_OFFSETS = "after-offsets"
    BEFORE_COMMIT = "before-commit"  # the request never reaches the broker
    AFTER_COMMIT = "after-commit"  # the broker has committed, and nobody has heard
    ACKNOWLEDGED = "acknowledged"  # heard, and no effect is performed
    BEFORE_EFFECT = "before-effect"
    BEFORE_VENUE = "before-venue"  # the attempt is on record, the venue was not called
    BETWEEN_ASKING = "between-asking"  # the venue said it never saw the order, and is not sent it yet
    AFTER_VENUE = "after-venue"  # the venue has acted, and its answer is lost
    AFTER_EFFECT = "after-effect"
    BEFORE_RECEIPT = "before-receipt"  # the answer was taken in, its receipt is not made
    BEFORE_CLOSING = "before-closing"  # of a clean stop
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillAt:
    """The ``times``-th time a point is reached, or ``micros`` after it: before-commit + 900 us is *in* it."""

    point: KillPoint
    times: int = 1
    micros: int = 0


Hook = Callable[[KillPoint], None]
_hook: Hook | None = None


def reached(point: KillPoint) -> None:
    """Tell the hook, if there is one; it may end the process here."""
    if _hook is not None:
        _hook(point)


def arm(hook: Hook | None) -> None:
    """Put the one hook of this process in place, or take it away."""
    global _hook
    _hook = hook
