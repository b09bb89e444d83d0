"""What was decided before: a redelivered envelope finds its own answer here, for one horizon.

Both memories forget by the trigger's event time. The horizon is an hour behind `now`, or nearer when the
bound on digests is reached; it never moves back, and gate 3 refuses what lies at or before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kernel.state.leaving import Leaving
from schemas.models import Verdict

HORIZON_US = 3_600_000_000
DIGESTS_MAX = 1_000_000


@dataclass(slots=True, kw_only=True)
class Prior:
    """The first answer an envelope got. key: of the order it became, if it did."""

    dfid: bytes
    verdict: Verdict
    reason: int
    key: bytes | None
    seq: int


@dataclass(slots=True, kw_only=True)
class Memory:
    """digests -> prior answers, and with their triggers' event times what leaves next."""

    horizon: int = -(1 << 62)
    priors: dict[bytes, Prior] = field(default_factory=dict)
    leaving: Leaving = field(default_factory=Leaving)

    def remember(self, digest: bytes, trigger_time: int, prior: Prior) -> None:
        """Keep an answer; when full, the horizon moves past the oldest."""
        if digest in self.priors:
            self.priors[digest] = prior
            return
        self.priors[digest] = prior
        self.leaving.push(trigger_time, digest)
        if len(self.leaving) > DIGESTS_MAX:
            self.forget(self.leaving.first())

    def forget(self, horizon: int) -> None:
        """Move the horizon forward to ``horizon`` (micros) and drop what lies at or before it."""
        self.horizon = max(self.horizon, horizon)
        while self.leaving.due(self.horizon):
            _, digest = self.leaving.pop()
            self.priors.pop(digest, None)
