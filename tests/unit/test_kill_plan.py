"""The plan of a kill campaign covers what it says: every named point, for every process that reaches it."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from interlock.services.restarts import Patience, Streak, after_stop
from interlock.tally import Tally
from kernel.venues.venue import VenueAnswer
from schemas.models import ReceiptStatus
from tests.kill.counts import Accepted, Taken, count
from tests.kill.killer import Killer
from tests.kill.points import AGAIN_CHANCE, LOOPS, Arm, Deck, points_of
from transport.exits import FENCED
from transport.kill_points import KillAt, KillPoint
from transport.settings import read


def test_every_named_kill_point_has_a_process_that_dies_there():
    assert {point for process in LOOPS for point in points_of(process)} == set(KillPoint)


def test_a_deck_comes_round_to_every_point_before_any_a_second_time():
    deck = Deck("kernel", random.Random(1))
    points = points_of("kernel")
    assert Counter(deck.draw().point for _ in points) == Counter(points)


def test_a_death_before_the_venue_leads_to_one_between_asking_and_sending():
    deck = Deck("executor", random.Random(1))
    drawn = [deck.draw(KillPoint.BEFORE_VENUE).point for _ in range(200)]
    assert drawn.count(KillPoint.BETWEEN_ASKING) > 200 * (AGAIN_CHANCE - 0.15)


def test_the_one_way_to_a_point_nobody_died_at_is_taken_though_nothing_moves():
    env: dict[str, dict[str, str]] = {name: {} for name in LOOPS}
    stage = SimpleNamespace(env=env, hand=SimpleNamespace(), observer=SimpleNamespace(tally=Tally()))
    killer = Killer(cast("Any", stage), random.Random(1), 1_000, 1.0, cast("Any", None))
    killer.pace.moves()  # nothing has happened yet: what comes is counted from here
    for _ in range(50):
        killer.pace.killed()
    before = Arm(point=KillPoint.BEFORE_VENUE)
    assert not killer.pace.moves()
    assert killer._armed("executor", before) == Arm(point=KillPoint.BETWEEN_ASKING)
    assert env["executor"] == {"INTERLOCK_KILL_AT": "between-asking:1"}
    killer._booked("point", "executor", KillPoint.BETWEEN_ASKING.value)
    assert killer._armed("executor", before) is None


def test_an_arm_is_read_by_the_process_as_it_is_meant():
    arm = Arm(point=KillPoint.BEFORE_COMMIT, times=3, micros=900)
    told = read({"INTERLOCK_KILL_AT": str(arm)}).kill_at
    assert told == KillAt(point=KillPoint.BEFORE_COMMIT, times=3, micros=900)


def test_a_kill_loop_s_own_kills_never_lead_to_giving_up():
    streak = Streak()
    for _ in range(50):
        streak = after_stop(
            streak, "signal 9", lasted_ms=10, exit_code=-9, patience=Patience(forgives_kills=True)
        )
    assert not streak.is_over
    assert streak.delay_ms == Streak(stops=1).delay_ms


def test_one_that_worked_and_is_fenced_is_started_once_more_for_it_may_only_have_slept():
    once = after_stop(Streak(), "exit 76", lasted_ms=60_000, exit_code=FENCED)
    assert not once.is_over
    assert after_stop(once, "exit 76", lasted_ms=500, exit_code=FENCED).is_over


def answer(client_id: str, quantity: str) -> VenueAnswer:
    return VenueAnswer(
        client_id=client_id, venue_order_id="v", status=ReceiptStatus.FILLED, quantity=Decimal(quantity),
        average_price=Decimal(1), fee=Decimal(0),
    )  # fmt: skip


def test_an_effect_that_nobody_accepted_and_one_sent_twice_are_both_counted():
    venue = Taken(orders={"a": ("paper-1", answer("a", "1"))}, placed=Counter({"a": 2}))
    found = count(Accepted(), venue, [])
    assert len(found.doubled) == 2
