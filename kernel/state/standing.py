"""An agent as one account sees it: how it stands, what it has spent, what it may still ask of people."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from schemas.models import Standing

ORDER = (
    Standing.ACTIVE,
    Standing.DEGRADED,
    Standing.ESCALATION_ONLY,
    Standing.PASSIVE,
    Standing.SUSPENDED,
    Standing.RETIRED,
)
HOUR_US = 3_600_000_000
WINDOW_MAX_US = 24 * HOUR_US  # the longest rate window a contract may have
STAMPS_MAX = 10_000  # a rate window that would hold more is read as full
STANDINGS_MAX = 10_000  # agents not ACTIVE, everywhere and on each account


@dataclass(slots=True, kw_only=True)
class AgentRecord:
    """admitted, escalated: micros of the answers inside the rolling window (oldest first).

    latched: number of the breaker that tripped for this agent here, until an operator resets it.
    """

    admitted: list[int] = field(default_factory=list)
    escalated: list[int] = field(default_factory=list)
    latched: int = 0

    def since(self, stamps: list[int], now: int, window_us: int) -> int:
        """How many stamps lie in (now − window, now]."""
        return len(stamps) - bisect_right(stamps, now - window_us)

    def room_in(self, now: int, window_us: int, most: int) -> int:
        """Micros until a window that is full has room for one more, were nothing else admitted."""
        inside = self.admitted[bisect_right(self.admitted, now - window_us) :]
        return inside[len(inside) - most] + window_us - now if 0 < most <= len(inside) else 0

    def admit(self, now: int) -> None:
        """Count one answer, and let go of those that no window can hold any more.

        Of no window at all: a flow opened under another version may be judged by a longer one.
        """
        gone = bisect_right(self.admitted, now - WINDOW_MAX_US)
        del self.admitted[: max(gone, len(self.admitted) - STAMPS_MAX + 1)]
        self.admitted.append(now)

    def spend_token(self, now: int) -> None:
        """Count one escalation; tokens come back after an hour."""
        gone = bisect_right(self.escalated, now - HOUR_US)
        del self.escalated[: max(gone, len(self.escalated) - STAMPS_MAX + 1)]
        self.escalated.append(now)


def tightened(current: Standing, wanted: Standing) -> Standing:
    """The stricter of two: anybody but an operator moves a standing rightward only."""
    return max(current, wanted, key=ORDER.index)
