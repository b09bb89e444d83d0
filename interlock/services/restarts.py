"""When a stopped program is started again, and when it is given up: pure, told places and durations."""

import re
import signal
from dataclasses import dataclass
from typing import Final

from transport.exits import AGAIN, FENCED, REFUSED

# Five stops at one record are a bug, not bad luck: starting a sixth time would read the same record again.
STOPS_MAX: Final = 5
DELAY_MS_MIN: Final = 100  # a killed process should be back before anyone's deadline passes
DELAY_MS_MAX: Final = 10_000
# Who ran this long was up and working: its next stop, unless it names the same record, is a new story.
SETTLED_MS: Final = 30_000
# How the loop and the workers name a record: topic[partition]@offset.
_RECORD = re.compile(r"[A-Za-z0-9._-]{1,249}\[\d{1,9}\]@\d{1,19}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """settled_ms: see SETTLED_MS. forgives_kills: a kill loop's own SIGKILL says nothing about a program."""

    settled_ms: int = SETTLED_MS
    forgives_kills: bool = False


PATIENT: Final = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """How often a program has stopped in a row at one place."""

    place: str = ""
    stops: int = 0

    @property
    def is_over(self) -> bool:
        """Whether to give up."""
        return self.stops >= STOPS_MAX

    @property
    def delay_ms(self) -> int:
        """How long to wait before the next start: doubling from 100 ms to 10 s."""
        return min(DELAY_MS_MIN << max(self.stops - 1, 0), DELAY_MS_MAX)


def place(exit_code: int, last_output: str) -> str:
    """Where a program stopped: the last record its output names, else how it ended."""
    named = _RECORD.findall(last_output)
    if named:
        return str(named[-1])
    return f"signal {-exit_code}" if exit_code < 0 else f"exit {exit_code}"


def after_stop(
    streak: Streak, where: str, *, lasted_ms: int, exit_code: int = 1, patience: Patience = PATIENT
) -> Streak:
    """The streak that follows a stop at `where`, `lasted_ms` after its start."""
    if exit_code == -signal.SIGKILL and patience.forgives_kills:
        return Streak(place=where, stops=1)
    if exit_code == FENCED and lasted_ms >= patience.settled_ms:
        # It may only have slept beyond its transaction's time-out, which the broker answers alike: once more.
        # If a newer process does run, one of the two is fenced again at once, and given up.
        return Streak(place=where, stops=1)
    if exit_code in {FENCED, REFUSED}:
        return Streak(place=where, stops=STOPS_MAX)  # starting again cannot help; a person must look
    if exit_code == AGAIN:  # a broker that is away is not the program's fault, however long it stays away
        return Streak(place=where, stops=min(streak.stops + 1, STOPS_MAX - 1))
    names_record = _RECORD.fullmatch(where) is not None
    if where == streak.place and (names_record or lasted_ms < patience.settled_ms):
        return Streak(place=where, stops=streak.stops + 1)
    return Streak(place=where, stops=1)
