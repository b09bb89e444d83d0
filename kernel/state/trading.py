"""Trading states: how much may be traded in a scope, and until when an operator's word holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.models import TradingState

# A terminated account may still be left; a halted one may not even be left, so a halt stands above.
SEVERITY = (TradingState.ACTIVE, TradingState.REDUCING, TradingState.TERMINATED, TradingState.HALTED)
FOREVER = 1 << 62  # until an operator resumes
SCOPES_MAX = 10_000  # instruments that may be curbed at a time, everywhere and in each account


@dataclass(slots=True, kw_only=True)
class Curb:
    """A word on a scope: it holds until ``until`` (micros), then a milder one that it stands upon."""

    state: TradingState
    until: int = FOREVER
    then: TradingState = TradingState.ACTIVE
    then_until: int = 0

    def after(self, now: int) -> Curb | None:
        """What holds at ``now``; None when everything may be traded again."""
        if self.until > now:
            return self
        if self.then is TradingState.ACTIVE or self.then_until <= now:
            return None
        return Curb(state=self.then, until=self.then_until)


def severest(states: Iterable[TradingState]) -> TradingState:
    """The one that allows the least."""
    return max(states, key=SEVERITY.index, default=TradingState.ACTIVE)


def tightens(held: Curb | None, wanted: TradingState, until: int) -> bool:
    """Whether a new word allows nothing that the one held does not allow, now or later."""
    if held is None:
        return True
    new, old = SEVERITY.index(wanted), SEVERITY.index(held.state)
    return new > old or (new == old and until >= held.until)


def laid_upon(held: Curb | None, wanted: TradingState, until: int) -> Curb:
    """The curb after a new word. A HALT for an hour does not end the REDUCE it was laid upon."""
    if held is None or SEVERITY.index(held.state) > SEVERITY.index(wanted):
        return Curb(state=wanted, until=until)
    if held.state is wanted:
        return Curb(state=wanted, until=until, then=held.then, then_until=held.then_until)
    return Curb(state=wanted, until=until, then=held.state, then_until=held.until)
