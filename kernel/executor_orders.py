"""Which order is asked about next, and what an answer makes of it: one account's orders go one by one.

An account's next order waits until the venue has answered for the one before it, so that no back-off turns
their order round; other accounts go on meanwhile. Being taken back overtakes everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kernel.executor_state import Attempt, ExecutorState
from kernel.executor_words import (
    ABSENT,
    AWAY,
    DOUBT,
    FINAL,
    PLACE,
    RECONCILE,
    TAKE_BACK,
    believable,
    is_partial_of_immediate,
)
from kernel.venues.venue import VenueAnswer, answer_of
from schemas.models import Envelope, ReceiptStatus
from transport.log import Effect

AWAY_US = 1_000_000  # the first wait for a venue that does not answer; it doubles
AWAY_MAX_US = 30_000_000
IDLE_STEPS = 10  # a second of empty steps counts like a second of the clock, which stands still on a tape
WAITS_MAX = 30  # questions about one order that give no end, a quarter of an hour; then it is UNKNOWN
GRACE_US = 5_000_000  # a venue's clock may be behind ours by this much when an order runs out


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A receipt to be made: of which attempt, with which figures."""

    attempt: Attempt
    answer: VenueAnswer | None
    status: ReceiptStatus


@dataclass(slots=True)
class _Wait:
    until: int
    idle_steps: int


@dataclass(slots=True)
class Orders:
    """The pure middle of the executor. What waits is no state: a restart asks about everything at once."""

    state: ExecutorState
    _waits: dict[bytes, _Wait] = field(default_factory=dict)

    def take(self, key: bytes, envelope: Envelope) -> None:
        """Put a genuine order behind its account's others; one that is known stands as it is."""
        if not self.state.knows(key):
            self.state.begin(key, envelope)

    def take_back(self, key: bytes) -> Iterator[Said]:
        """Cancel an order: at once if it was never sent, else by asking the venue."""
        attempt = self.state.open.get(key)
        if attempt is None:
            return
        if attempt.number == 0:
            yield self._finished(attempt, key, None, ReceiptStatus.NOT_SENT)
            return
        self.state.end(key, ReceiptStatus.NOT_SENT)
        self._waits.pop(key, None)

    def answered(self, key: bytes, value: bytes, now: int) -> Iterator[Said]:
        """Take the answer of an effect in; one about an order that is done changes nothing."""
        attempt = self.state.open.get(key)
        if attempt is None:
            return
        before = attempt.answer()
        if value == ABSENT and attempt.ending is not None:
            yield self._finished(attempt, key, None, attempt.ending)
        elif value == DOUBT:
            yield self._finished(attempt, key, before, ReceiptStatus.UNKNOWN)
        elif value in (AWAY, ABSENT):
            yield from self._waited(attempt, key, now)
        else:
            yield from self._told(attempt, key, answer_of(value), now)

    def due(self, now: int, *, idle: bool) -> Iterator[Effect | Said]:
        """What is to be asked now: of each account its oldest unanswered order, and what has waited."""
        busy: set[str] = set()
        for key, attempt in list(self.state.open.items()):
            intent = attempt.intent()
            if attempt.number == 0 and now > intent.valid_until:
                yield self._finished(attempt, key, None, ReceiptStatus.EXPIRED)
                continue
            if attempt.number == 0 and intent.account in busy:
                continue
            if not attempt.raw:
                busy.add(intent.account)
            if self._waits_still(key, now, idle=idle):
                continue
            if attempt.number > 0 and now > intent.valid_until + GRACE_US:
                self.state.end(key, ReceiptStatus.EXPIRED)
            yield self._asked(key)

    def _asked(self, key: bytes) -> Effect:
        self.state.again(key)
        attempt = self.state.open[key]
        if attempt.ending is not None:
            return Effect(name=TAKE_BACK, payload=key)
        return Effect(name=PLACE if attempt.number == 1 else RECONCILE, payload=key)

    def _told(self, attempt: Attempt, key: bytes, answer: VenueAnswer, now: int) -> Iterator[Said]:
        before, intent = attempt.answer(), attempt.intent()
        if not believable(intent, before, answer):
            yield self._finished(attempt, key, before, ReceiptStatus.UNKNOWN)
            return
        if answer.status in FINAL:
            yield self._finished(attempt, key, answer, answer.status)
            return
        if answer != before:
            self.state.heard(key, answer.raw())
            if not is_partial_of_immediate(intent, answer.status):
                yield Said(attempt=attempt, answer=answer, status=answer.status)
        yield from self._waited(self.state.open[key], key, now)

    def _waited(self, attempt: Attempt, key: bytes, now: int) -> Iterator[Said]:
        if attempt.waits + 1 >= WAITS_MAX:
            yield self._finished(attempt, key, attempt.answer(), ReceiptStatus.UNKNOWN)
            return
        self.state.wait(key)
        wait = min(AWAY_US << min(attempt.waits, 10), AWAY_MAX_US)
        self._waits[key] = _Wait(until=now + wait, idle_steps=IDLE_STEPS * wait // AWAY_US)

    def _waits_still(self, key: bytes, now: int, *, idle: bool) -> bool:
        wait = self._waits.get(key)
        if wait is None:
            return False
        wait.idle_steps -= idle
        if now < wait.until and wait.idle_steps > 0:
            return True
        del self._waits[key]
        return False

    def _finished(
        self, attempt: Attempt, key: bytes, answer: VenueAnswer | None, status: ReceiptStatus
    ) -> Said:
        self.state.finish(key)
        self._waits.pop(key, None)
        return Said(attempt=attempt, answer=answer, status=status)
