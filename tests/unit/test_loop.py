"""The loop's manners: ticks, progress for outsiders, holding, blame."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from tests.rails_tally import TOPICS, Outside, Still, Tally, committed
from transport.bounds import LoopSettings
from transport.log import Effect, Fenced, Output, Record, StateChange
from transport.loop import StepFailed, run
from transport.names import EFFECT
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

GROUP = "interlock-tally-0"
SIGNALS = ("market.signals", 0)


class Quiet(Tally):
    """Reads and says nothing, unless told to."""

    fails_at: bytes = b"never"

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        self.batches.append([record.topic for record in batch])
        if any(record.value == self.fails_at for record in batch):
            raise ZeroDivisionError
        return ()


def alone(broker: SimulatedBroker, tally: Tally, until_ms: int, **bounds: int) -> None:
    """Run until the simulated time has come."""
    stop = threading.Event()

    def idled(_: int) -> None:
        if broker.now_ms >= until_ms:
            stop.set()

    log = SimulatedLog(broker, tally.name, 0, idle=idled)
    run(tally, log, Still(), stop=stop, settings=LoopSettings(monotonic_ms=lambda: broker.now_ms, **bounds))


def test_a_step_is_called_every_tick_with_an_empty_batch():
    tally = Quiet(Outside())
    alone(SimulatedBroker(TOPICS), tally, 1_000, tick_ms=100)
    assert tally.batches[:10] == [[]] * 10
    assert 10 <= len(tally.batches) <= 12


def test_reading_without_output_is_shown_in_the_groups_offsets_and_writes_nothing():
    broker = SimulatedBroker(TOPICS)
    for _ in range(3):
        broker.append("market.signals", 0, None, b"x")
    alone(broker, Quiet(Outside()), 50)
    assert broker.group_offset(GROUP, SIGNALS) == 3
    assert committed(broker, "tally.state") == []


def test_positions_are_kept_now_and_then_although_nothing_is_put_out():
    broker = SimulatedBroker(TOPICS)
    for _ in range(30):
        broker.append("market.signals", 0, None, b"x")
    alone(broker, Quiet(Outside()), 50, keep_every=10, batch_max=10)
    assert committed(broker, "tally.state")[-1].endswith(b'["market.signals",0,30],["market.signals",1,0]]')


def test_a_bug_in_a_step_names_the_first_and_the_last_record():
    broker, tally = SimulatedBroker(TOPICS), Quiet(Outside())
    for value in (b"a", b"b", b"boom"):
        broker.append("market.signals", 0, None, value)
    tally.fails_at = b"boom"
    with pytest.raises(StepFailed, match=r"market.signals\[0\]@0 to market.signals\[0\]@2") as failed:
        alone(broker, tally, 50)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    assert broker.group_offset(GROUP, SIGNALS) is None


def test_a_held_record_is_judged_as_it_stands_after_five_seconds():
    class Waiting(Quiet):
        def cause(self, record: Record) -> tuple[int, int] | None:
            return (0, 77) if record.topic == "control" else None

    broker, tally = SimulatedBroker(TOPICS), Waiting(Outside())
    broker.append("control", 0, None, b"x")
    alone(broker, tally, 4_900)
    assert tally.batches.count(["control"]) == 0
    alone(broker, tally, 4_900 + 5_200)
    assert tally.batches.count(["control"]) == 1


def test_answers_of_effects_stand_first_in_the_next_batch():
    broker, tally = SimulatedBroker(TOPICS), Tally(Outside())
    broker.append("market.signals", 0, None, b"pay-1")
    broker.append("market.signals", 0, None, b"a")
    alone(broker, tally, 50, batch_max=1)
    assert [batch for batch in tally.batches if batch] == [["market.signals"], [EFFECT, "market.signals"]]


def test_a_clean_stop_writes_the_closing_outputs_and_the_positions():
    class Closing(Quiet):
        def closing(self, now: int) -> Sequence[Output]:
            return (StateChange(key=b"snapshot", value=b"1"),)

    broker = SimulatedBroker(TOPICS)
    broker.append("market.signals", 0, None, b"x")
    alone(broker, Closing(Outside()), 10)
    assert committed(broker, "tally.state")[0] == b"1"
    assert b'["market.signals",0,1]' in committed(broker, "tally.state")[1]


def test_effects_of_a_closing_are_a_bug():
    class Wrong(Quiet):
        def closing(self, now: int) -> Sequence[Output]:
            return (Effect(name="pay", payload=b""),)

    with pytest.raises(AssertionError, match="nobody to answer"):
        alone(SimulatedBroker(TOPICS), Wrong(Outside()), 10)


def test_time_never_goes_back_for_a_step():
    class Wild:
        def __init__(self) -> None:
            self.times = [5, 3, 9, 1]

        def now(self) -> int:
            return self.times.pop(0) if self.times else 0

    class Noting(Quiet):
        def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
            times.append(now)
            return ()

    times: list[int] = []
    broker, stop = SimulatedBroker(TOPICS), threading.Event()
    log = SimulatedLog(broker, "tally", 0, idle=lambda _: stop.set() if broker.now_ms > 500 else None)
    run(Noting(Outside()), log, Wild(), stop=stop, settings=LoopSettings(monotonic_ms=lambda: broker.now_ms))
    assert times == sorted(times)
    assert times[:4] == [5, 5, 9, 9]


class Superseded(Tally):
    """Its venue has heard of a newer one."""

    def perform(self, effect: Effect) -> Sequence[Record]:
        raise Fenced("a newer process has acted")


def test_an_effect_that_meets_a_newer_process_ends_this_one_as_fenced_and_not_as_a_bug():
    broker = SimulatedBroker(TOPICS)
    broker.append("market.signals", 0, None, b"pay-1")
    with pytest.raises(Fenced):
        alone(broker, Superseded(Outside()), 500)
