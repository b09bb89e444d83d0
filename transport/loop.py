"""The one exactly-once loop: read, step, commit, and only then act.

A step's outputs, the state it changed and the positions it read to are one transaction; what dies in
between has not happened. The loop never repairs anything in memory: any doubt ends the process, and the
restart reads the committed truth.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from transport import saved
from transport.blame import StepFailed, blaming
from transport.bounds import LoopSettings
from transport.clock import Clock
from transport.collector import building
from transport.intake import Intake
from transport.kill_points import KillPoint, reached
from transport.log import Effect, Log, Output, Position, Produce, Record, StateChange
from transport.names import state_topic
from transport.processor import Processor, Rank

logger = logging.getLogger(__name__)

__all__ = ["Loop", "LoopSettings", "StepFailed", "run"]


def run(
    processor: Processor, log: Log, clock: Clock, *, stop: threading.Event, settings: LoopSettings
) -> None:
    """Run until `stop` is set. Raises StepFailed or a LogError; the process must then end, non-zero."""
    loop = Loop(processor, log, clock, settings)
    try:
        with building():
            loop.start()
        while not stop.is_set():
            loop.turn()
        loop.finish()
    finally:
        log.close()


class Loop:
    """One run of one processor, turn by turn; `run` turns it until told to stop.

    `_committed_*` say what outsiders can see, the intake what has been stepped.
    """

    def __init__(self, processor: Processor, log: Log, clock: Clock, settings: LoopSettings) -> None:
        self._processor, self._log, self._clock, self._settings = processor, log, clock, settings
        self._intake = Intake(
            processor.inputs, self._cause, hold_ms=settings.hold_ms, buffer_max=settings.buffer_max
        )
        self._answers: list[Record] = []
        self._more = False  # the last batch was full: what is left must not wait for the log
        self._stepped_ms = self._committed_ms = 0
        self._unsaid: dict[Position, int] = {}  # stepped past, and not in the group's offsets yet
        self._unsaid_records = 0
        self._last_now = 0

    def start(self) -> None:
        """Fence, restore, and only then read: a predecessor's last transaction must be settled first."""
        reached(KillPoint.BEFORE_INIT)
        self._log.init()
        reached(KillPoint.AFTER_INIT)
        positions = saved.restore(self._processor, self._log)
        reached(KillPoint.RESTORED)
        self._intake.begin(positions)
        self._log.assign({**self._intake.positions, **self._granted_so_far()})
        reached(KillPoint.ASSIGNED)
        self._stepped_ms = self._committed_ms = self._settings.monotonic_ms()
        logger.info("%s-%d reads from %s", self._processor.name, self._processor.shard, positions)

    def _granted_so_far(self) -> dict[Position, int]:
        """Offer every grant released before this start, and say from where the registry is read on.

        Partitions answer in no order: without this the first order of an operator could be read, and refused,
        before the key that signed it (seen: accounts that a fresh ledger never opened).
        """
        read_to: dict[Position, int] = {}
        for one in self._processor.inputs:
            if one.rank is Rank.REGISTRY:
                for number in one.partitions:
                    at = (one.topic, number)
                    records = list(self._log.records(*at, self._intake.positions[at]))
                    self._intake.offer(records, self._settings.monotonic_ms())
                    if records:
                        read_to[at] = records[-1].offset + 1
        return read_to

    def turn(self) -> None:
        """Read what is there, step at most once, and say how far was read when nothing else is to do."""
        limit = self._settings.limit(self._intake.positions)
        records = self._log.poll(limit, self._wait_ms(), self._intake.full)
        now_ms = self._settings.monotonic_ms()
        self._intake.offer(records, now_ms)
        reached(KillPoint.POLLED)
        taken = self._intake.take(limit, now_ms)
        self._more = len(taken) == limit
        if taken or self._answers or now_ms - self._stepped_ms >= self._settings.tick_ms:
            self._step(taken)
        if self._must_say(idle=not records):
            self._commit(())
        probe = self._settings.probe
        if probe is not None and probe.due(now_ms):
            probe.note(self._intake.positions, self._intake.held, self._log.behind(), now_ms)

    def finish(self) -> None:
        """The last outputs of a clean stop, and the positions of all that was stepped."""
        for _ in range(self._settings.answers_max):
            if not self._answers:
                break
            self._step([])
        reached(KillPoint.BEFORE_CLOSING)
        outputs = self._processor.closing(self._now())
        assert not any(isinstance(output, Effect) for output in outputs), (
            "a stop has nobody to answer effects"
        )
        if outputs or self._unsaid:
            self._commit(outputs, keep=True)
        reached(KillPoint.CLOSED)

    def _wait_ms(self) -> int:
        """How long the log may wait for a first record: not past the next tick, report or release."""
        if self._answers or self._more:
            return 0
        now_ms = self._settings.monotonic_ms()
        wait = self._settings.tick_ms - (now_ms - self._stepped_ms)
        if self._unsaid:
            wait = min(wait, self._settings.progress_ms - (now_ms - self._committed_ms))
        if self._intake.buffered:
            wait = min(wait, 10)  # held: its cause ends the wait by itself, the end of `hold_ms` does not
        return max(wait, 0)

    def _step(self, taken: list[Record]) -> None:
        batch = [*self._answers, *taken]  # what the world did is older than what is asked
        self._answers = []
        now = self._now()
        with blaming("step failed", batch):
            outputs = self._processor.step(batch, now)
        reached(KillPoint.STEPPED)
        self._stepped_ms = self._settings.monotonic_ms()
        self._unsaid.update(
            (at, self._intake.positions[at]) for at in {(r.topic, r.partition) for r in taken}
        )
        self._unsaid_records += len(taken)
        effects = [output for output in outputs if isinstance(output, Effect)]
        if len(effects) < len(outputs) or (effects and self._unsaid):
            self._commit(outputs)
        for effect in effects:
            reached(KillPoint.BEFORE_EFFECT)
            with blaming(f"effect {effect.name} failed", batch):
                self._answers.extend(self._processor.perform(effect))
            reached(KillPoint.AFTER_EFFECT)

    def _commit(self, outputs: Sequence[Output], *, keep: bool = False) -> None:
        """One transaction.

        The positions go with every output, for a state without its position is no state.
        """
        produces = [produce for output in outputs if (produce := self._record(output)) is not None]
        if produces or keep or self._unsaid_records >= self._settings.keep_every:
            if not self._processor.keeps_positions:
                produces.append(self._record_of(saved.KEY, saved.encoded(self._intake.positions)))
            self._unsaid_records = 0
        self._log.transact(produces, self._unsaid)
        reached(KillPoint.ACKNOWLEDGED)
        self._unsaid = {}
        self._committed_ms = self._settings.monotonic_ms()

    def _must_say(self, *, idle: bool) -> bool:
        least = self._settings.progress_ms if idle else self._settings.progress_busy_ms
        return bool(self._unsaid) and self._settings.monotonic_ms() - self._committed_ms >= least

    def _record(self, output: Output) -> Produce | None:
        match output:
            case Produce():
                return output
            case StateChange():
                assert output.key != saved.KEY, "the loop's own key"
                return self._record_of(output.key, output.value)
            case Effect():
                return None

    def _record_of(self, key: bytes, value: bytes | None) -> Produce:
        topic = state_topic(self._processor.name)
        return Produce(topic=topic, partition=self._processor.shard, key=key, value=value)

    def _cause(self, record: Record) -> tuple[int, int] | None:
        with blaming("cause failed", [record]):
            return self._processor.cause(record)

    def _now(self) -> int:
        """Asked after the batch was read: a tick flushed before a record is known when that is judged."""
        self._last_now = max(self._last_now, self._clock.now())
        return self._last_now
