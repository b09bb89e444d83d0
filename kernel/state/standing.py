"""An agent as one account sees it: how it stands, what it has spent, what it may still ask of people."""

from __future__ import annotations

from collections import deque
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
STAMPS_MAX = 10_000  # a rate window that would hold more is read as full


@dataclass(slots=True, kw_only=True)
class AgentRecord:
    """admitted, escalated: micros of the answers inside the rolling window (oldest first).

    latched: name of the breaker that tripped for this agent here, until an operator resets it.
    """

    admitted: deque[int] = field(default_factory=deque)
    escalated: deque[int] = field(default_factory=deque)
    latched: int = 0

    def since(self, stamps: deque[int], now: int, window_us: int) -> int:
        """How many stamps lie in (now − window, now]."""
        return sum(1 for stamp in stamps if stamp > now - window_us)

    def admit(self, now: int, window_us: int) -> None:
        """Count one answer, and let go of those that no window of that length can hold any more."""
        while self.admitted and (self.admitted[0] <= now - window_us or len(self.admitted) >= STAMPS_MAX):
            self.admitted.popleft()
        self.admitted.append(now)

    def spend_token(self, now: int) -> None:
        """Count one escalation; tokens come back after an hour."""
        while self.escalated and self.escalated[0] <= now - HOUR_US:
            self.escalated.popleft()
        self.escalated.append(now)


def tightened(current: Standing, wanted: Standing) -> Standing:
    """The stricter of two: anybody but an operator moves a standing rightward only."""
    return max(current, wanted, key=ORDER.index)
