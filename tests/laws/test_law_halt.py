"""A HALT beats every BUY and nothing stops a HALT but its own worthlessness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.contract import Cutoff
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ACCOUNT, BTC, NO_USAGE, SECOND, World, granted
from tests.campaign import FEW
from tests.faults import HIGH, ruling

RISK = "risk"
Act = Callable[[World], object]


def stands(standing: m.Standing) -> Act:
    def act(world: World) -> None:
        world.kernel.state.accounts[ACCOUNT].standings[RISK] = standing

    return act


def full_window(world: World) -> None:
    stamps = [world.now] * world.contracts[RISK].budget.proposals_per_window
    world.kernel.state.own_agent(ACCOUNT, RISK).admitted = stamps


def no_tokens(world: World) -> None:
    world.kernel.state.own_agent(ACCOUNT, RISK).escalated = [world.now] * 100


def halted_before(world: World) -> None:
    world.kernel.state.accounts[ACCOUNT].halts["*"] = world.now + SECOND


HINDRANCES: dict[str, Act] = {
    "halted everywhere": lambda world: world.control(m.Verb.HALT),
    "halted lane": lambda world: world.control(m.Verb.HALT, lane=m.Lane.EOAM),
    "halted instrument": lambda world: world.control(m.Verb.HALT, instrument=BTC),
    "reducing only": lambda world: world.control(m.Verb.REDUCE, account=ACCOUNT),
    "halted before": halted_before,
    "degraded": stands(m.Standing.DEGRADED),
    "escalation only": stands(m.Standing.ESCALATION_ONLY),
    "passive": stands(m.Standing.PASSIVE),
    "rate window full": full_window,
    "no escalation token": no_tokens,
}
LATER: dict[str, Act] = {
    "old context": lambda world: world.tick(200),
    "no sane price": lambda world: world.quote(BTC, "4001", "4000"),
    "another price": lambda world: world.quote(BTC, "9000", "9001"),
    "no price for long": lambda world: world.tick(599),
}
SAID: dict[str, dict[str, Any]] = {
    "no confidence": {"confidence": Decimal(0)},
    "overspent": {"usage": replace(NO_USAGE, tokens_in=10**9, model_calls=99, rounds=99)},
    "another snapshot": {"state_hash": bytes(32)},
    "one instrument": {"instrument": BTC},
}
given_ = next(each for each in granted() if each.agent_id == RISK)
TIGHT = {
    "limits": replace(
        given_.limits, max_drawdown_pct=HIGH, trailing_max_drawdown_pct=HIGH, max_daily_loss_pct=HIGH,
        max_position_size=Decimal(0), max_order_value=Decimal(0), max_open_positions=0,
        trading_cutoff=Cutoff(time="00:00", zone="UTC"),
    ),
    "budget": replace(given_.budget, proposals_per_window=1, tokens_per_flow=0, max_steps=0),
    "escalation": replace(
        given_.escalation, confidence_threshold=Decimal(1), max_exposure_usd=Decimal(0), budget_per_hour=0,
        requires_human_approval=(m.Action.BUY, m.Action.SELL),
    ),
    "drift": replace(given_.drift, max_context_age_ms=1, max_mark_age_ms=1),
}  # fmt: skip


def lossy(world: World) -> None:
    """Something is held and has lost half its worth: every breaker of a tight contract is tripped."""
    world.bought("0.5")
    world.tick(60)
    world.quote(BTC, "2000", "2000.5")
    world.run()


def halted(hindrances: list[str], later: list[str], said: list[str], order: list[int]) -> World:
    """A window of three in which risk says HALT and the others BUY, with all this in its way."""
    world = World(changed={RISK: TIGHT})
    lossy(world)
    for name in hindrances:
        HINDRANCES[name](world)
        world.run()
    flow = world.flow((RISK, "strategy", "sentiment"))
    changes = {key: value for name in said for key, value in SAID[name].items()}
    answers = [
        world.intent(flow, m.Action.HALT, agent_id=RISK, **changes),
        world.intent(flow, agent_id="strategy", confidence=Decimal(1)),
        world.intent(flow, agent_id="sentiment", confidence=Decimal(1)),
    ]
    for name in later:
        LATER[name](world)
        world.run()
    world.propose(flow, world.window(flow, [answers[place] for place in order]))
    world.run()
    return world


@FEW
@given(
    st.lists(st.sampled_from(sorted(HINDRANCES)), unique=True),
    st.lists(st.sampled_from(sorted(LATER)), unique=True, max_size=1),
    st.lists(st.sampled_from(sorted(SAID)), unique=True),
    st.permutations([0, 1, 2]),
)
def test_nothing_stops_a_halt_and_it_beats_every_buy(
    hindrances: list[str], later: list[str], said: list[str], order: list[int]
) -> None:
    world = halted(hindrances, later, said, order)
    assert ruling(world) == (m.Verdict.ACCEPTED, Reason.NONE)
    assert world.verdict.action is m.Action.HALT
    scope = BTC if "one instrument" in said else "*"
    until = world.kernel.state.accounts[ACCOUNT].halts[scope]
    assert until >= world.now + given_.halt_ttl_s * SECOND
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    assert ruling(world) == (m.Verdict.REJECTED, Reason.TRADING_HALTED)


@pytest.mark.parametrize("name", [*HINDRANCES, *LATER, *SAID])
def test_no_single_hindrance_stops_a_halt(name: str) -> None:
    each = [[name] if name in group else [] for group in (HINDRANCES, LATER, SAID)]
    assert ruling(halted(*each, [1, 0, 2]))[0] is m.Verdict.ACCEPTED


@pytest.mark.parametrize("action", [m.Action.BUY, m.Action.HOLD])
def test_a_halt_that_missed_its_window_latches_and_leaves_the_flow_as_it_was(action: m.Action) -> None:
    world = World()
    flow = world.flow(("strategy", RISK))
    answers = [world.intent(flow, action), world.report(flow, RISK)]
    world.propose(flow, world.window(flow, answers))
    world.run()
    status = world.verdict.flow_status
    late = world.intent(flow, m.Action.HALT, agent_id=RISK)
    world.propose(flow, world.window(flow, [late], m.WindowKind.LATE))
    world.run()
    assert ruling(world) == (m.Verdict.ACCEPTED, Reason.NONE)
    assert world.verdict.flow_status is status
    assert world.kernel.state.flows[flow.dfid].status is status
    assert world.kernel.state.accounts[ACCOUNT].halts["*"] > world.now


@pytest.mark.parametrize(
    ("verb", "reason"),
    [(m.Verb.SUSPEND, Reason.AGENT_SUSPENDED), (m.Verb.RETIRE, Reason.AGENT_RETIRED)],
)
def test_who_has_no_standing_any_more_cannot_halt(verb: m.Verb, reason: Reason) -> None:
    world = World()
    world.control(verb, agent_id=RISK)
    world.run()
    flow = world.flow((RISK, "strategy"))
    halt = world.intent(flow, m.Action.HALT)
    world.propose(flow, world.window(flow, [halt, world.intent(flow, agent_id="strategy")]))
    world.run()
    assert ruling(world) == (m.Verdict.REJECTED, reason)


def test_a_halt_past_its_time_or_without_a_veto_is_no_halt() -> None:
    world = World()
    flow = world.flow((RISK, "strategy"))
    late = world.intent(flow, m.Action.HALT, valid_until=world.now)
    window = world.window(flow, [late, world.intent(flow, agent_id="strategy")])
    world.tick(1)
    world.propose(flow, window)
    world.run()
    assert ruling(world) == (m.Verdict.REJECTED, Reason.TTL_EXPIRED)
    flow = world.flow()
    world.propose(flow, world.intent(flow, m.Action.HALT))
    world.run()
    assert ruling(world) == (m.Verdict.REJECTED, Reason.ACTION_FORBIDDEN)
