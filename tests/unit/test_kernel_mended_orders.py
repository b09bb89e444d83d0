"""What one who looked for holes in the law of orders found, case by case, and how it stands now."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from kernel.state.accounts import Account
from ledger.envelope import opened, seal
from rules.config_error import ConfigError
from rules.contract import Compensation, Contract
from rules.contract_lint import lint
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import ControlReason, Reason
from tests.build import ACCOUNT, BTC, ETH, World, granted, signer

A, S, V = m.Action, m.ReceiptStatus, m.Verdict
SDS = "sovereign"
D = Decimal


def contract(agent: str = SDS) -> Contract:
    return next(each for each in granted() if each.agent_id == agent)


def world_of(limits: dict[str, Any] | None = None, **changed: Any) -> World:
    if limits:
        changed["limits"] = replace(contract().limits, **limits)
    return World(changed={SDS: changed})


def ruled(world: World, action: A = A.BUY, instrument: str = BTC, **changes: Any) -> tuple[V, str]:
    flow = world.flow(instrument=instrument)
    world.propose(flow, world.intent(flow, action, **changes))
    world.run()
    return world.verdict.verdict, Reason(world.verdict.reason).name


def told(world: World, verb: m.Verb, **fields: Any) -> str:
    world.control(verb, **{"account": ACCOUNT} | fields)
    world.run()
    return ControlReason(world.entries(EntryKind.CONTROL)[-1].reason).name


def account(world: World) -> Account:
    return world.kernel.state.accounts[ACCOUNT]


def test_open_purchases_count_into_the_size_of_a_position() -> None:
    world = world_of({"max_position_size": D("0.6")})
    assert ruled(world) == (V.ACCEPTED, "NONE")
    assert ruled(world) == (V.REJECTED, "MAX_POSITION")
    assert ruled(world, quantity=D("0.1")) == (V.ACCEPTED, "NONE")
    assert replay(world.ledger).identical


def test_open_purchases_count_into_the_worth_of_a_position_at_their_limit() -> None:
    world = world_of({"max_position_pct": D("0.025"), "max_single_trade_pct": D("0.025")})
    assert ruled(world) == (V.ACCEPTED, "NONE")
    assert ruled(world, quantity=D("0.2")) == (V.REJECTED, "MAX_POSITION")


def test_what_is_filled_of_an_open_purchase_is_counted_once() -> None:
    world = world_of({"max_position_size": D("0.6")})
    assert ruled(world, time_in_force=m.TimeInForce.GTT) == (V.ACCEPTED, "NONE")
    world.receipt(world.order, S.PARTIAL, D("0.3"))
    world.run()
    assert ruled(world, quantity=D("0.1")) == (V.ACCEPTED, "NONE")
    assert ruled(world, quantity=D("0.0001")) == (V.REJECTED, "MAX_POSITION")


def test_open_purchases_count_as_open_positions() -> None:
    world = world_of({"max_open_positions": 1})
    assert ruled(world) == (V.ACCEPTED, "NONE")
    assert ruled(world, instrument=ETH) == (V.REJECTED, "MAX_OPEN_POSITIONS")


@pytest.mark.parametrize("quantity", ["0.00005", "0.12345", "0.000000000000000001"])
def test_a_quantity_off_the_lot_is_malformed(quantity: str) -> None:
    assert ruled(World(), quantity=D(quantity)) == (V.REJECTED, "MALFORMED")


def test_a_limit_off_the_tick_rides_on_the_tick_toward_safety() -> None:
    world = World()
    assert ruled(world, limit_price=D("4003.129")) == (V.ACCEPTED, "NONE")
    assert world.order.limit_price == D("4003.12")
    world.receipt(world.order, S.FILLED)
    world.run()
    assert ruled(world, A.SELL, limit_price=D("3999.991"), stop=None, target_price=None)[0] is V.ACCEPTED
    assert world.order.limit_price == D("4000.00")
    assert replay(world.ledger).identical


def test_a_person_may_not_change_a_quantity_off_the_lot() -> None:
    world = World()
    flow = world.flow()
    body = seal(world.intent(flow, confidence=D("0.1")), signer(SDS))
    world.propose(flow, body)
    world.run()
    world.decide(flow, body, m.HumanChoice.MODIFY, quantity=D("0.12345"))
    world.run()
    (act,) = world.entries(EntryKind.HUMAN)
    assert Reason(act.reason) is Reason.APPROVAL_MISMATCH
    world.decide(flow, body, m.HumanChoice.MODIFY, quantity=D("0.1234"))
    world.run()
    assert world.order.quantity == D("0.1234")


def test_an_order_in_flight_is_not_settled_before_its_time_is_over() -> None:
    world = World()
    ruled(world)
    order = world.order
    assert told(world, m.Verb.SETTLE, target=order.key) == "ILLEGAL_TRANSITION"
    world.tick(61)
    assert told(world, m.Verb.SETTLE, target=order.key) == "FOLDED"


def test_a_fill_of_a_settled_order_calls_a_person_once_and_dirties_the_account() -> None:
    world = World()
    ruled(world)
    order = world.order
    world.receipt(order, S.UNKNOWN)
    world.run()
    assert told(world, m.Verb.SETTLE, target=order.key) == "FOLDED"
    world.receipt(order, S.FILLED)
    world.run()
    (call,) = world.told(m.Escalation)
    assert [(each.name, each.value) for each in call.facts] == [("settled", 0), ("filled", D("0.5"))]
    assert (account(world).dirty, account(world).cash) == ({order.dfid}, D(100_000))
    world.receipt(order, S.FILLED)
    world.run()
    assert world.told(m.Escalation) == []
    assert replay(world.ledger).identical


def test_an_account_with_cash_is_not_closed() -> None:
    world = World()
    assert told(world, m.Verb.CLOSE) == "ILLEGAL_TRANSITION"
    assert told(world, m.Verb.WITHDRAW, amount=D(100_000)) == "FOLDED"
    assert told(world, m.Verb.CLOSE) == "FOLDED"


def test_a_late_halt_in_another_window_latches_nothing_again() -> None:
    world = World()
    flow = world.flow(("risk", "strategy"))
    halt = world.intent(flow, A.HALT)
    world.propose(flow, world.window(flow, [halt], m.WindowKind.LATE))
    world.run()
    assert account(world).halts
    assert told(world, m.Verb.RESUME) == "FOLDED"
    world.tick(60)
    world.propose(flow, world.window(flow, [halt], m.WindowKind.LATE))
    world.run()
    assert (world.verdict.verdict, account(world).halts) == (V.DUPLICATE, {})
    assert replay(world.ledger).identical


def test_taking_risk_away_asks_a_person_only_while_a_token_is_left() -> None:
    world = world_of(escalation=replace(contract().escalation, budget_per_hour=1))
    world.bought()
    told(world, m.Verb.SUSPEND, account=None, agent_id=SDS, standing=m.Standing.ESCALATION_ONLY)
    assert ruled(world, A.SELL, quantity=D("0.1")) == (V.ESCALATED, "AGENT_ESCALATION_ONLY")
    assert ruled(world, A.SELL, quantity=D("0.1")) == (V.REJECTED, "ESCALATION_BUDGET_EXHAUSTED")
    assert account(world).standings[SDS] is m.Standing.PASSIVE
    assert replay(world.ledger).identical


def test_closing_without_a_live_price_spends_no_token() -> None:
    world = world_of(escalation=replace(contract().escalation, budget_per_hour=0))
    world.bought()
    flow = world.flow()
    world.tick(1)
    world.quote(BTC, "0", "0")
    world.run()
    world.propose(flow, world.intent(flow, A.CLOSE))
    world.run()
    assert (world.verdict.verdict, world.verdict.reason) == (V.ESCALATED, Reason.NO_LIVE_PRICE)
    assert world.kernel.state.agents[ACCOUNT, SDS].escalated == []


def test_clearing_an_account_sets_its_peak_to_what_it_is_worth() -> None:
    world = World()
    world.bought()
    world.tick(2)
    world.quote(BTC, "400000000", "400000001")
    world.run()
    world.tick(2)
    world.quote(BTC, "4000", "4001")
    world.run()
    assert ruled(world)[1] == "TRAILING_DRAWDOWN"
    assert told(world, m.Verb.CLEAR, agent_id=SDS) == "FOLDED"
    assert ruled(world)[1] == "TRAILING_DRAWDOWN"
    assert told(world, m.Verb.CLEAR) == "FOLDED"
    assert account(world).peak == account(world).equity
    assert replay(world.ledger).identical


def test_what_a_person_approves_outlives_the_views_that_are_kept() -> None:
    world = World()
    flow = world.flow()
    body = seal(world.intent(flow, confidence=D("0.1")), signer(SDS))
    world.propose(flow, body)
    world.run()
    for _ in range(66):
        told(world, m.Verb.FUND, amount=D(1))
    world.decide(flow, body, m.HumanChoice.OVERRIDE)
    world.run()
    assert world.verdict.verdict is V.ACCEPTED
    assert replay(world.ledger).identical


def test_what_puts_a_failure_right_asks_nothing_of_who_failed() -> None:
    world = world_of(compensation=Compensation.REVERT)
    ruled(world, time_in_force=m.TimeInForce.GTT)
    order = world.order
    world.receipt(order, S.PARTIAL, D("0.2"))
    told(world, m.Verb.SUSPEND, account=None, agent_id=SDS)
    world.receipt(order, S.EXPIRED, D("0.2"))
    world.run()
    assert (world.order.side, world.order.quantity) == ("SELL", D("0.2"))
    assert replay(world.ledger).identical


def test_what_puts_a_failure_right_waits_while_trading_is_halted() -> None:
    world = world_of(compensation=Compensation.REVERT)
    ruled(world, time_in_force=m.TimeInForce.GTT)
    order = world.order
    world.receipt(order, S.PARTIAL, D("0.2"))
    told(world, m.Verb.HALT)
    world.receipt(order, S.EXPIRED, D("0.2"))
    world.run()
    assert [opened(each, m.KernelIntent).key for each in world.told(m.Envelope)] == []
    assert [Reason(each.reason) for each in world.told(m.Escalation)] == [Reason.TRADING_HALTED]


@pytest.mark.parametrize("action", [A.CLOSE, A.CANCEL, A.HOLD, A.HALT])
def test_lint_lets_no_way_out_wait_for_a_person(action: A) -> None:
    law = replace(contract().escalation, requires_human_approval=(A.BUY, action))
    with pytest.raises(ConfigError, match="requires_human_approval"):
        lint(replace(contract(), escalation=law))


@pytest.mark.parametrize(
    ("policy", "actions"),
    [(Compensation.REVERT, (A.BUY, A.CLOSE)), (Compensation.CLOSE_ALL, (A.BUY, A.SELL))],
)
def test_lint_asks_for_the_action_that_a_compensation_needs(
    policy: Compensation, actions: tuple[A, ...]
) -> None:
    asked = replace(contract(), compensation=policy, allowed_actions=actions)
    with pytest.raises(ConfigError, match="compensation"):
        lint(asked)
    lint(replace(asked, allowed_actions=(A.BUY, A.SELL, A.CLOSE)))
