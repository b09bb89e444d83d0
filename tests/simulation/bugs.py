"""Bugs planted on purpose, one at a time: a net that does not catch them is no net.

Each is a mistake that was made somewhere before, switched on inside a simulation and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kernel.executor import Executor
from kernel.executor_orders import Orders
from kernel.executor_words import PLACE, RECONCILE
from kernel.state.memory import Memory
from ledger.envelope import opened
from schemas.models import Envelope, Receipt
from tests.simulation.setting import ids
from topologies.selector.seen import Seen
from transport import loop as rails
from transport import saved
from transport.log import Effect, Output, Produce, Record, StateChange
from transport.simulated_log import SimulatedLog

Patch = tuple[type[Any], str, Any]


def outputs_after_the_commit() -> list[Patch]:
    """Positions and state are committed first, what was produced in a transaction of its own after it."""
    commit = rails.Loop._commit

    def _commit(self: Any, outputs: Sequence[Output], *, keep: bool = False) -> None:
        commit(self, [each for each in outputs if isinstance(each, StateChange)], keep=True)
        rest = [each for each in outputs if isinstance(each, Produce)]
        if rest:
            self._log.transact(rest, {})

    return [(rails.Loop, "_commit", _commit)]


def offsets_committed_early() -> list[Patch]:
    """What was read counts as done before it is stepped."""
    step = rails.Loop._step

    def _step(self: Any, taken: list[Record]) -> None:
        if taken and not self._processor.keeps_positions:
            where = {(each.topic, each.partition) for each in taken}
            positions = {at: self._intake.positions[at] for at in where}
            self._log.transact([self._record_of(saved.KEY, saved.encoded(self._intake.positions))], positions)
        step(self, taken)

    return [(rails.Loop, "_step", _step)]


def epoch_ignored() -> list[Patch]:
    """Every start takes a transactional id of its own, so nobody is ever fenced."""
    before, count = SimulatedLog.__init__, iter(range(1_000_000))

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        before(self, *args, **kwargs)
        self._id = f"{self._id}-{next(count)}"

    return [(SimulatedLog, "__init__", init)]


def venue_called_before_the_attempt_is_recorded() -> list[Patch]:
    """The call first, the record of it after."""

    def _step(self: Any, taken: list[Record]) -> None:
        batch = [*self._answers, *taken]
        self._answers = []
        outputs = self._processor.step(batch, self._now())
        self._stepped_ms = self._settings.monotonic_ms()
        self._unsaid.update(
            (at, self._intake.positions[at]) for at in {(r.topic, r.partition) for r in taken}
        )
        for effect in outputs:
            if isinstance(effect, Effect):
                self._answers.extend(self._processor.perform(effect))
        if any(not isinstance(each, Effect) for each in outputs):
            self._commit(outputs)

    return [(rails.Loop, "_step", _step)]


def receipt_forgotten() -> list[Patch]:
    """An order asked about twice is closed without a word."""
    step = Executor.step

    def _step(self: Any, batch: Sequence[Record], now: int) -> Sequence[Output]:
        return [each for each in step(self, batch, now) if not _is_second(each)]

    return [(Executor, "step", _step)]


def _is_second(output: Output) -> bool:
    if not isinstance(output, Produce) or output.topic != "venue.receipts":
        return False
    return opened(ids().unpack(Envelope, output.value), Receipt).attempt > 1


def envelope_not_remembered() -> list[Patch]:
    """A redelivered answer is judged as if it were new."""

    def remember(self: Any, *_: Any) -> None:
        return None

    return [(Memory, "remember", remember)]


def uncommitted_read() -> list[Patch]:
    """Loops read what is aborted, and what may yet be."""
    before = SimulatedLog.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        before(self, *args, **kwargs)
        self._committed = False

    return [(SimulatedLog, "__init__", init)]


def seen_signals_not_written() -> list[Patch]:
    """What the selector has seen dies with it."""

    def changes(self: Any) -> Iterator[StateChange]:
        return iter(())

    return [(Seen, "changes", changes)]


def younger_order_overtakes() -> list[Patch]:
    """An account's next order does not wait for the one that is backed off."""

    def due(self: Any, now: int, *, idle: bool) -> Iterator[Any]:
        for key in list(self.state.open):
            if not self._waits_still(key, now, idle=idle):
                yield self._asked(key)

    return [(Orders, "due", due)]


def sent_again_without_asking() -> list[Patch]:
    """After a death the order is simply sent once more."""
    asked = Executor._asked

    def _asked(self: Any, name: str, key: bytes) -> bytes:
        return asked(self, PLACE if name == RECONCILE else name, key)

    return [(Executor, "_asked", _asked)]


def positions_forgotten() -> list[Patch]:
    """A restart reads everything again."""
    restore = saved.restore

    class Forgetful:
        restore = staticmethod(lambda processor, reader: (restore(processor, reader), {})[1])
        KEY, encoded = saved.KEY, staticmethod(saved.encoded)

    return [(rails, "saved", Forgetful)]  # type: ignore[list-item]  # a module has attributes as a class has


BUGS: Mapping[str, Callable[[], list[Patch]]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        outputs_after_the_commit,
        offsets_committed_early,
        epoch_ignored,
        venue_called_before_the_attempt_is_recorded,
        receipt_forgotten,
        envelope_not_remembered,
        uncommitted_read,
        seen_signals_not_written,
        younger_order_overtakes,
        sent_again_without_asking,
        positions_forgotten,
    )
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The bug is in the code inside, and gone after it."""
    patches = BUGS[name]()
    before = [(where, what, where.__dict__[what]) for where, what, _ in patches]
    for where, what, wrong in patches:
        setattr(where, what, wrong)
    try:
        yield
    finally:
        for where, what, right in before:
            setattr(where, what, right)
