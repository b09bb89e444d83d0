"""Breakers as account rules: a loss latches when the marks say so, and getting out always passes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from kernel.state.days import next_day
from rules.contract import Cutoff
from rules.contract_json import canonical, parse
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import ControlReason, Reason
from tests.build import BTC, ETH, SECOND, World, granted

SDS, ACCOUNT = "sovereign", "paper-1"
HOUR_US = 3_600 * SECOND
ONE_PERCENT = {
    name: Decimal("0.01") for name in ("max_drawdown_pct", "trailing_max_drawdown_pct", "max_daily_loss_pct")
}
LOOSE = {"trailing_max_drawdown_pct": Decimal("0.10"), "max_drawdown_pct": Decimal("0.10")}


def limits(**fields: Any) -> dict[str, Any]:
    found = next(each for each in granted() if each.agent_id == SDS)
    return {"limits": replace(found.limits, **fields)}


def world_of(**changed: Any) -> World:
    return World(changed={SDS: changed})


def dip(world: World, low: str = "1900", back: str = "4000") -> None:
    """A holding falls and recovers while nobody proposes anything."""
    world.bought("0.5")
    for price in (low, back):
        world.tick(60)
        world.quote(BTC, price, str(int(price) + 1))
        world.quote(ETH, "300", "300.1")
        world.run()


def propose(world: World, action: m.Action = m.Action.BUY, instrument: str = ETH, **changes: Any) -> None:
    flow = world.flow(instrument=instrument)
    world.propose(flow, world.intent(flow, action, **changes))
    world.run()


def latched(world: World, agent: str = SDS) -> int:
    return world.kernel.state.agent(ACCOUNT, agent).latched


def command(world: World, verb: m.Verb, **fields: Any) -> str:
    world.control(verb, **fields)
    world.run()
    (entry,) = world.entries(EntryKind.CONTROL)
    return ControlReason(entry.reason).name


def test_a_dip_that_recovers_before_the_next_proposal_latches_too() -> None:
    world = world_of(**limits(**ONE_PERCENT))
    dip(world)
    assert world.kernel.state.accounts[ACCOUNT].equity > Decimal(99_000)
    propose(world)
    assert world.verdict.reason == Reason.MAX_LOSS
    assert replay(world.ledger).identical


def test_the_latch_is_that_of_the_agents_whose_contract_lost_too_much() -> None:
    world = world_of(**limits(**ONE_PERCENT))
    dip(world)
    assert (latched(world), latched(world, "prover")) == (Reason.MAX_LOSS, 0)


def test_the_floor_is_inclusive_and_a_cent_above_it_is_not_a_loss() -> None:
    for low, wanted in (("2000.5", Reason.MAX_LOSS), ("2000.52", Reason.NONE)):
        world = world_of(**limits(**ONE_PERCENT))
        world.bought("0.5")  # for 4005.00: what is left of 100,000 is 99,000 when the mid is 2005
        paid = Decimal("4005.00") / 2
        floor = (Decimal(99_000) - (Decimal(100_000) - paid)) * 2
        price = floor if low == "2000.5" else floor + Decimal("0.02")
        world.tick(60)
        world.quote(BTC, str(price), str(price))
        world.run()
        assert latched(world) == wanted


def test_reducing_actions_pass_a_latched_loss() -> None:
    world = world_of(**limits(**ONE_PERCENT))
    dip(world)
    propose(world, m.Action.CLOSE, BTC)
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert replay(world.ledger).identical


def test_a_reset_lifts_the_latch_once_the_loss_is_gone() -> None:
    world = world_of(**limits(**ONE_PERCENT))
    dip(world)
    assert command(world, m.Verb.RESET, agent_id=SDS, account=ACCOUNT) == "FOLDED"
    assert latched(world) == 0
    propose(world)
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert command(world, m.Verb.RESET, agent_id=SDS, account=ACCOUNT) == "ILLEGAL_TRANSITION"
    assert replay(world.ledger).identical


def test_a_reset_while_the_loss_still_stands_latches_again_at_once() -> None:
    world = world_of(**limits(**ONE_PERCENT))
    dip(world, back="1901")
    assert command(world, m.Verb.RESET, agent_id=SDS, account=ACCOUNT) == "FOLDED"
    assert latched(world) == Reason.MAX_LOSS


def test_the_watch_may_not_lift_a_latch() -> None:
    world = world_of(**limits(**ONE_PERCENT))
    dip(world)
    found = command(world, m.Verb.RESET, agent_id=SDS, account=ACCOUNT, by="watch")
    assert (found, latched(world)) == ("VERB_NOT_ALLOWED", Reason.MAX_LOSS)


def test_an_emptied_account_has_lost_nothing() -> None:
    world = World()
    command(world, m.Verb.WITHDRAW, account=ACCOUNT, amount=Decimal(100_000))
    assert latched(world) == 0


def test_an_account_ends_with_a_max_loss_where_the_contract_says_so() -> None:
    world = world_of(**limits(**ONE_PERCENT), terminate_on_max_loss=True)
    dip(world)
    assert world.views[ACCOUNT].view.trading_state is m.TradingState.TERMINATED
    propose(world, agent_id=SDS)
    assert world.verdict.reason == Reason.REDUCING_ONLY
    for verb in (m.Verb.RESUME, m.Verb.HALT, m.Verb.RESUME):
        assert command(world, verb, account=ACCOUNT) == "FOLDED"
    assert command(world, m.Verb.RESET, agent_id=SDS, account=ACCOUNT) == "FOLDED"
    propose(world)
    assert world.verdict.reason == Reason.REDUCING_ONLY
    propose(world, m.Action.CLOSE, BTC)
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert replay(world.ledger).identical


def test_a_terminated_account_may_be_halted_and_then_not_even_be_left() -> None:
    world = world_of(**limits(**ONE_PERCENT), terminate_on_max_loss=True)
    dip(world)
    command(world, m.Verb.HALT, account=ACCOUNT)
    propose(world, m.Action.CLOSE, BTC)
    assert world.verdict.reason == Reason.TRADING_HALTED


def test_a_terminated_account_is_closed_and_its_name_begins_anew() -> None:
    world = world_of(**limits(**ONE_PERCENT), terminate_on_max_loss=True)
    dip(world)
    propose(world, m.Action.CLOSE, BTC)
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    assert command(world, m.Verb.CLOSE, account=ACCOUNT) == "ILLEGAL_TRANSITION"
    cash = world.views[ACCOUNT].view.cash
    assert command(world, m.Verb.WITHDRAW, account=ACCOUNT, amount=cash) == "FOLDED"
    assert command(world, m.Verb.CLOSE, account=ACCOUNT) == "FOLDED"
    assert command(world, m.Verb.OPEN, account=ACCOUNT, amount=Decimal(100_000)) == "FOLDED"
    assert world.views[ACCOUNT].view.trading_state is m.TradingState.ACTIVE
    assert latched(world) == 0
    propose(world)
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert replay(world.ledger).identical


def test_latch_and_end_are_there_after_a_restart() -> None:
    world = world_of(**limits(**ONE_PERCENT), terminate_on_max_loss=True)
    dip(world)
    for output in world.kernel.closing(world.now):
        world._committed(output)
    world.restart()
    account = world.kernel.state.accounts[ACCOUNT]
    assert (latched(world), account.terminated) == (Reason.MAX_LOSS, True)


def test_fields_that_a_contract_does_not_use_are_not_in_its_bytes() -> None:
    plain = next(each for each in granted() if each.agent_id == SDS)
    body = canonical(plain)
    assert b"terminate_on_max_loss" not in body
    assert b"two_persons" not in body
    escalation = replace(plain.escalation, two_persons_above_usd=Decimal(5))
    ending = replace(plain, terminate_on_max_loss=True, escalation=escalation)
    assert parse(canonical(ending)) == ending
    assert parse(body) == plain


def test_the_days_loss_is_measured_from_midnight_in_the_contracts_zone() -> None:
    """06:00 UTC is 02:00 in New York: its day ends 22 hours later, UTC's 18 hours later."""
    cutoff = Cutoff(time="23:59", zone="America/New_York")
    wide = limits(max_daily_loss_pct=Decimal("0.01"), trading_cutoff=cutoff, **LOOSE)
    seen = []
    for hours in (19, 23):
        world = world_of(**wide)
        world.bought("0.5")
        world.tick(60)
        world.quote(BTC, "1900", "1901")
        world.run()
        world.tick(hours * 3_600)
        world.quote(BTC, "1900", "1901")
        world.quote(ETH, "300", "300.1")
        world.run()
        propose(world)
        seen.append((world.verdict.verdict, Reason(world.verdict.reason).name))
        assert replay(world.ledger).identical
    assert seen == [(m.Verdict.REJECTED, "DAILY_LOSS_LIMIT"), (m.Verdict.ACCEPTED, "NONE")]


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("America/New_York", 1_710_086_400, 23),  # 2024-03-10: clocks go forward
        ("America/New_York", 1_730_653_200, 25),  # 2024-11-03: and back
        ("America/New_York", 1_704_801_600, 24),
        ("Africa/Cairo", 1_714_125_600, 23),  # 2024-04-26: midnight itself does not exist
        ("Australia/Lord_Howe", 1_712_368_800, 24),
        ("UTC", 1_704_801_600, 24),
    ],
)
def test_a_day_is_as_long_as_its_zone_says(zone: str, noon: int, hours: int) -> None:
    end = next_day(noon * SECOND, zone)
    begin = next_day(end - 26 * HOUR_US, zone)
    assert begin <= noon * SECOND < end
    assert end - begin == hours * HOUR_US
    assert next_day(end - 1, zone) == end
    assert next_day(end, zone) > end


def test_a_warning_rides_with_what_is_accepted_before_the_rule_refuses() -> None:
    share = {"consistency_rule_pct": Decimal(1), "consistency_warn_pct": Decimal("0.9")}
    world = world_of(**limits(**share))
    world.bought("0.5")
    propose(world, quantity=Decimal(1))
    assert "consistency_gain" not in {fact.name for fact in world.verdict.facts}
    world.tick(60)
    world.quote(BTC, "5000", "5001")
    world.quote(ETH, "300", "300.1")
    world.run()
    propose(world, quantity=Decimal(1))
    facts = {fact.name: fact.value for fact in world.verdict.facts}
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert facts["consistency_gain"] > facts["consistency_warn"] == facts["consistency_gain"] * Decimal("0.9")
    assert replay(world.ledger).identical
