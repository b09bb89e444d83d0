"""A flow whose attempts are used up: told to a person whole, or over; what comes late moves nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from interlock.grants import contracts as shipped
from kernel.replay import replay
from ledger.envelope import seal
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import ACCOUNT, BTC, World, signer

BUY, SELL, CLOSE, HOLD, HALT = m.Action.BUY, m.Action.SELL, m.Action.CLOSE, m.Action.HOLD, m.Action.HALT


def state_of(world: World, flow: m.FlowOpened) -> Any:
    return world.kernel.state.flows[flow.dfid]


def exhausted(world: World) -> tuple[m.FlowOpened, m.Envelope]:
    """Three attempts at prices that had moved; the last flow and its answer. The account holds something."""
    world.bought()
    for attempt in (1, 2, 3):
        flow = world.flow(signal="again", attempt=attempt)
        price = 4000 + 25 * attempt
        world.quote(BTC, str(price), str(price + 1))
        body = seal(world.intent(flow), signer("sovereign"))
        world.propose(flow, body)
        world.run()
    return flow, body


def overridden(world: World, flow: m.FlowOpened, body: m.Envelope) -> None:
    """The market comes back, and a person lets the last attempt pass."""
    world.quote(BTC, "4050", "4051")
    world.decide(flow, body, m.HumanChoice.OVERRIDE)
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED, world.verdict


def identical(world: World) -> None:
    found = replay(world.ledger)
    assert (found.differences, found.stopped) == ([], "")


def without_tokens() -> World:
    sovereign = next(each for each in shipped() if each.agent_id == "sovereign")
    none = replace(sovereign.escalation, budget_per_hour=0)
    return World(changed={"sovereign": {"escalation": none}})


def test_a_person_is_told_every_attempt_with_its_figures() -> None:
    world = World()
    exhausted(world)
    (told,) = world.told(m.Escalation)
    assert told.reason == Reason.REASONING_EXHAUSTION
    figures = {each.name: each.value for each in told.facts}
    assert [figures[f"attempt_{n}_reason"] for n in (1, 2, 3)] == [Decimal(Reason.STALE_CONTEXT)] * 3
    assert all(figures[f"attempt_{n}_moved_bps"] > figures[f"attempt_{n}_envelope_bps"] for n in (1, 2, 3))
    identical(world)


def test_what_was_refused_is_forgotten_with_its_flow() -> None:
    world = World()
    flow, body = exhausted(world)
    assert len(state_of(world, flow).refusals) == 3
    world.decide(flow, body, m.HumanChoice.ABORT)
    world.run()
    assert (state_of(world, flow).status, state_of(world, flow).refusals) == (m.FlowStatus.ABORTED, [])
    identical(world)


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("attempt", [3, 4])
def test_a_late_answer_passes_gate_2_and_is_exhaustion_at_gate_6(tokens: bool, attempt: int) -> None:
    world = World() if tokens else without_tokens()
    flow, _ = exhausted(world)
    if not tokens:
        world.control(m.Verb.RESET, agent_id="sovereign", account=ACCOUNT)
    before = state_of(world, flow).status
    late = world.flow(signal="again", attempt=attempt)
    world.propose(late, world.intent(late, quantity=Decimal("0.1")))
    world.run()
    assert world.verdict.reason == Reason.REASONING_EXHAUSTION
    assert (world.verdict.flow_status, state_of(world, flow).status) == (before, before)
    assert before is (m.FlowStatus.ESCALATED if tokens else m.FlowStatus.ABORTED)
    identical(world)


@pytest.mark.parametrize("action", [SELL, CLOSE])
def test_a_late_answer_that_reduces_takes_no_step_of_a_flow_that_has_its_answer(action: m.Action) -> None:
    world = World()
    flow, _ = exhausted(world)
    late = world.flow(signal="again", attempt=3)
    quantity = Decimal("0.1")
    plain = {"stop": None, "target_price": None}
    world.propose(late, world.intent(late, action, quantity=quantity, **plain))
    world.run()
    assert (world.verdict.verdict, world.verdict.reason) == (m.Verdict.REJECTED, Reason.FLOW_CLOSED)
    assert state_of(world, flow).status is m.FlowStatus.ESCALATED
    identical(world)


@pytest.mark.parametrize("how", ["reduced", "expired", "holding"])
def test_whatever_a_late_answer_is_refused_for_the_person_still_decides(how: str) -> None:
    world = World()
    flow, body = exhausted(world)
    late = world.flow(signal="again", attempt=3)
    answer = world.intent(late, HOLD if how == "holding" else BUY)
    if how == "reduced":
        world.control(m.Verb.REDUCE, account=ACCOUNT)
        world.run()
    elif how == "expired":
        answer = replace(answer, valid_until=world.now)
        world.tick(1)
    world.propose(late, answer)
    world.run()
    assert world.verdict.verdict is m.Verdict.REJECTED
    assert state_of(world, flow).held is not None
    if how == "reduced":
        world.control(m.Verb.RESUME, account=ACCOUNT)
    overridden(world, flow, body)
    assert state_of(world, flow).status is m.FlowStatus.EXECUTING
    identical(world)


def test_no_late_answer_touches_what_a_person_has_had_sent() -> None:
    world = World()
    flow, body = exhausted(world)
    overridden(world, flow, body)
    order = world.order
    for action in (BUY, CLOSE):
        late = world.flow(signal="again", attempt=3)
        world.propose(late, world.intent(late, action))
        world.run()
        assert world.verdict.verdict is m.Verdict.REJECTED
        assert world.told(m.Envelope) == []
    world.receipt(order, m.ReceiptStatus.FILLED)
    world.run()
    assert state_of(world, flow).status is m.FlowStatus.CLOSED
    identical(world)


def test_silence_ends_an_exhausted_flow_by_the_clock() -> None:
    world = World()
    flow, _ = exhausted(world)
    world.tick(601)
    world.run()
    (ended,) = world.entries(EntryKind.ESCALATION)
    assert (ended.reason, ended.flow_status) == (Reason.TTL_EXPIRED, m.FlowStatus.REJECTED)
    assert (state_of(world, flow).status, state_of(world, flow).reopens) == (m.FlowStatus.REJECTED, False)
    identical(world)


def test_without_a_token_the_flow_is_aborted_and_nobody_is_asked() -> None:
    world = without_tokens()
    flow, _ = exhausted(world)
    assert state_of(world, flow).status is m.FlowStatus.ABORTED
    assert world.told(m.Escalation) == []
    assert [each.standing for each in world.views[ACCOUNT].view.standings] == [m.Standing.PASSIVE]
    identical(world)


def test_a_restart_between_the_attempts_forgets_none_of_them() -> None:
    world = World()
    world.bought()
    for attempt in (1, 2, 3):
        flow = world.flow(signal="again", attempt=attempt)
        world.quote(BTC, str(4000 + 25 * attempt), str(4001 + 25 * attempt))
        world.propose(flow, world.intent(flow))
        world.run()
        told = world.told(m.Escalation)
        for output in world.kernel.closing(world.now):
            world._committed(output)
        world.restart()
        world.run()
    assert {each.name[:9] for each in told[0].facts} == {"attempt_1", "attempt_2", "attempt_3"}
    identical(world)


@pytest.mark.parametrize("rights", [True, False])
def test_a_halt_on_a_flow_whose_order_is_out_latches_and_leaves_it_alone(rights: bool) -> None:
    sovereign = next(each for each in shipped() if each.agent_id == "sovereign")
    allowed = {"allowed_actions": (*sovereign.allowed_actions, HALT), "forbidden_actions": ()}
    world = World(changed={"sovereign": allowed | {"veto": True, "halt_ttl_s": 60} if rights else {}})
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    order = world.order
    world.receipt(order, m.ReceiptStatus.SENT)
    world.propose(flow, world.intent(flow, HALT))
    world.run()
    assert world.verdict.verdict is (m.Verdict.ACCEPTED if rights else m.Verdict.REJECTED)
    assert ("*" in world.kernel.state.accounts[ACCOUNT].halts) is rights
    assert (world.verdict.flow_status, state_of(world, flow).status) == (m.FlowStatus.EXECUTING,) * 2
    world.receipt(order, m.ReceiptStatus.FILLED)
    world.receipt(order, m.ReceiptStatus.FILLED)
    world.run()
    assert len(world.entries(EntryKind.RECEIPT)) == 2  # the redelivery is known, too
    assert state_of(world, flow).status is m.FlowStatus.CLOSED
    identical(world)
