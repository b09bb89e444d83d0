"""The same proposals under other contracts: which verdicts change, and what they came to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from kernel.replay import replay
from kernel.what_if import what_if
from schemas import models as m
from schemas.reasons import Reason
from tests.build import World

ACCEPTED, REJECTED = m.Verdict.ACCEPTED, m.Verdict.REJECTED


def tightened(world: World, agent: str, **limits: Decimal) -> dict[str, object]:
    contract = world.contracts[agent]
    return {agent: replace(contract, limits=replace(contract.limits, **limits))}


def test_the_same_contracts_change_nothing() -> None:
    world = World()
    world.bought()
    found = what_if(world.ledger, world.contracts)
    assert (found.judged, found.changed, found.stopped) == (1, [], "")


def test_a_tighter_contract_would_have_refused_what_was_traded() -> None:
    world = World()
    order = world.bought("0.5")
    found = what_if(world.ledger, tightened(world, "sovereign", max_order_value=Decimal(100)))
    (changed,) = found.changed
    assert (changed.was, changed.would) == ((ACCEPTED, Reason.NONE), (REJECTED, Reason.MAX_ORDER_VALUE))
    assert changed.worth == Decimal("2000.25")  # 0.5 at the middle of 4000 and 4001
    assert changed.traded == order.limit_price / 2
    assert replay(world.ledger).identical


def test_a_wider_contract_would_have_let_through_what_was_refused() -> None:
    world = World(changed={"sovereign": {}})
    flow = world.flow()
    world.propose(flow, world.intent(flow, quantity=Decimal("0.8")))
    world.run()
    refused = Reason(world.verdict.reason)
    wide = Decimal(10_000_000)
    other = tightened(
        world, "sovereign", max_order_value=wide, max_position_size=wide, max_single_trade_pct=Decimal(1),
        max_position_pct=Decimal(1), max_leverage=Decimal(100),
    )  # fmt: skip
    (changed,) = what_if(world.ledger, other).changed
    assert changed.was == (REJECTED, refused)
    assert changed.would[0] in (ACCEPTED, m.Verdict.ESCALATED)
    assert changed.traded == 0


def test_contracts_of_agents_who_decided_nothing_change_nothing() -> None:
    world = World()
    world.bought()
    assert what_if(world.ledger, tightened(world, "prover", max_order_value=Decimal(0))).changed == []


def test_a_ledger_that_cannot_be_followed_says_where_it_stopped() -> None:
    world = World()
    world.bought()
    assert what_if(world.ledger[1:], {}).stopped
