"""A mandate is a frame: children act under it, never beyond it, and not an instant longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from kernel.snapshot import texts
from kernel.state.mandates import MANDATE_HORIZON_US, MANDATES_MAX
from ledger.envelope import seal
from ledger.keys import KeyDocument
from rules.contract import Authority
from schemas import models as m
from schemas.kinds import EntryKind, Role
from schemas.reasons import LaneReason, Reason
from tests.build import ACCOUNT, BTC, ETH, NOW, SECOND, World, granted, signer

D = Decimal
ACCEPTED, REJECTED = m.Verdict.ACCEPTED, m.Verdict.REJECTED


def prover(**fields: Any) -> dict[str, dict[str, Any]]:
    return {"prover": fields}


def of(agent: str) -> Any:
    return next(each for each in granted() if each.agent_id == agent)


def mandates(world: World) -> tuple[m.MandateView, ...]:
    return world.views[ACCOUNT].view.mandates


def ask(world: World, flow: m.FlowOpened, action: m.Action = m.Action.BUY, **changes: Any) -> m.VerdictRecord:
    """A child's intent, judged."""
    world.propose(flow, world.intent(flow, action, **changes))
    world.run()
    return world.verdict


def framed(world: World, *, quantity: str = "1", **frame: Any) -> m.VerdictRecord:
    """A MANDATE, judged."""
    flow = world.flow(("prover",))
    intent = world.intent(flow, m.Action.MANDATE, quantity=D(quantity))
    assert intent.mandate is not None
    world.prove(flow, replace(intent, mandate=replace(intent.mandate, **frame)))
    world.run()
    return world.verdict


def facts(verdict: m.VerdictRecord) -> dict[str, Decimal]:
    return {each.name: each.value for each in verdict.facts}


# -- the frame ---------------------------------------------------------------------------------------------


def test_an_accepted_mandate_reserves_nothing_and_stands_in_a_newer_view() -> None:
    world = World()
    before = world.views[ACCOUNT].view
    parent = world.mandated("2")
    after = world.views[ACCOUNT].view
    assert (after.cash, after.reserved_cash, after.open_intents) == (before.cash, D(0), 0)
    assert after.version == before.version + 1
    (stands,) = after.mandates
    assert (stands.dfid, stands.agent_id, stands.total, stands.used) == (parent.dfid, "prover", D(2), D(0))
    assert world.kernel.state.flows[parent.dfid].status is m.FlowStatus.CLOSED
    assert world.told(m.Envelope) == []


@pytest.mark.parametrize(
    "frame",
    [
        {"price_low": D(0)},
        {"price_low": D(5000)},
        {"expires_at": 0},
        {"expires_at": NOW + MANDATE_HORIZON_US + 1},
    ],
)
def test_a_frame_that_cannot_be_meant_is_malformed(frame: dict[str, Any]) -> None:
    assert framed(World(), **frame).reason == Reason.MALFORMED


@pytest.mark.parametrize(
    "changes",
    [
        {"mandate": None},
        {"quantity": D(0)},
        {"instrument": None},
        {"limit_price": D(4000)},
        {"stop": D(3900)},
        {"action": m.Action.BUY},  # a frame beside another action
    ],
)
def test_a_mandate_has_an_instrument_a_total_and_a_frame_and_no_prices_beside_it(
    changes: dict[str, Any],
) -> None:
    world = World()
    flow = world.flow(("prover",))
    world.prove(flow, replace(world.intent(flow, m.Action.MANDATE), **changes))
    world.run()
    assert world.verdict.reason == Reason.MALFORMED


def test_the_longest_frame_is_a_day() -> None:
    world = World()
    assert framed(world, expires_at=world.now + MANDATE_HORIZON_US).verdict is ACCEPTED


def test_a_frame_that_is_over_when_it_is_judged_is_too_late() -> None:
    world = World()
    flow = world.flow(("prover",))
    intent = world.intent(flow, m.Action.MANDATE)
    assert intent.mandate is not None
    world.prove(flow, replace(intent, mandate=replace(intent.mandate, expires_at=world.now + SECOND)))
    world.tick(2)
    world.run()
    assert (world.verdict.reason, facts(world.verdict)) == (Reason.TTL_EXPIRED, {"late_us": D(SECOND)})


@pytest.mark.parametrize(
    ("fields", "frame", "reason"),
    [
        ({"allowed_actions": (m.Action.BUY, m.Action.HOLD)}, {}, Reason.ACTION_FORBIDDEN),
        ({"forbidden_actions": (m.Action.MANDATE,)}, {}, Reason.ACTION_FORBIDDEN),
        ({"allowed_actions": (m.Action.SELL, m.Action.MANDATE)}, {}, Reason.ACTION_FORBIDDEN),
        ({"authority": Authority.OBSERVE}, {}, Reason.AUTHORITY_EXCEEDED),
        ({"allowed_instruments": (ETH,)}, {}, Reason.UNAUTHORIZED_INSTRUMENT),
        ({"limits": replace(of("prover").limits, max_position_size=D("0.9"))}, {}, Reason.MAX_POSITION),
        ({"limits": replace(of("prover").limits, max_position_pct=D("0.04"))}, {}, Reason.MAX_POSITION),
        ({"limits": replace(of("prover").limits, max_leverage=D("0.04"))}, {}, Reason.MAX_LEVERAGE),
        ({"limits": replace(of("prover").limits, max_open_positions=0)}, {}, Reason.MAX_OPEN_POSITIONS),
    ],
)
def test_a_mandate_faces_the_gates_of_an_increasing_action(
    fields: dict[str, Any], frame: dict[str, Any], reason: Reason
) -> None:
    assert framed(World(changed=prover(**fields)), **frame).reason == reason


def test_a_total_may_exceed_what_one_order_may() -> None:
    law = replace(of("prover").limits, max_order_value=D(500), max_single_trade_pct=D("0.001"))
    assert framed(World(changed=prover(limits=law))).verdict is ACCEPTED


def test_a_total_too_big_to_be_exposed_to_goes_to_a_person_and_he_may_make_it_smaller() -> None:
    law = replace(of("prover").escalation, max_exposure_usd=D(3000))
    world = World(changed=prover(escalation=law))
    flow = world.flow(("prover",))
    body = seal(world.intent(flow, m.Action.MANDATE, quantity=D(1)), signer("prover"))
    world.propose(flow, body, attestations=(world.attest(flow, body),))
    world.run()
    assert (world.verdict.verdict, world.verdict.reason) == (
        m.Verdict.ESCALATED,
        Reason.EXPOSURE_ABOVE_LIMIT,
    )
    assert mandates(world) == ()
    world.decide(flow, body, m.HumanChoice.MODIFY, quantity=D("0.5"))
    world.run()
    assert world.verdict.verdict is ACCEPTED
    assert mandates(world)[0].total == D("0.5")
    assert replay(world.ledger).identical


def test_a_mandate_to_sell_what_is_held_is_no_new_risk() -> None:
    small = replace(of("prover").limits, max_position_size=D("0.01"))
    world = World(changed=prover(limits=small))
    world.bought("0.5")
    assert framed(world, quantity="0.5", side=m.Side.SELL).verdict is ACCEPTED
    assert framed(world, quantity="0.6", side=m.Side.SELL).reason == Reason.MAX_POSITION


def test_a_mandate_to_sell_what_is_held_adds_no_exposure() -> None:
    law = replace(of("prover").escalation, max_exposure_usd=D(2100))
    world = World(changed=prover(escalation=law))
    world.bought("0.5")
    assert framed(world, quantity="0.5", side=m.Side.SELL).verdict is ACCEPTED
    assert framed(world, quantity="0.1").reason == Reason.EXPOSURE_ABOVE_LIMIT


@pytest.mark.parametrize(
    ("seconds", "bid", "reason"),
    [
        (0, "4100", Reason.STALE_CONTEXT),
        (0, "0", Reason.NO_LIVE_PRICE),
        (91, "4000", Reason.CONTEXT_TOO_OLD),
    ],
)
def test_a_mandate_decided_about_another_market_is_refused(seconds: int, bid: str, reason: Reason) -> None:
    world = World()
    flow = world.flow(("prover",))
    intent = world.intent(flow, m.Action.MANDATE)
    world.tick(seconds)
    world.quote(BTC, bid, str(D(bid) + 1))
    world.prove(flow, intent)
    world.run()
    assert world.verdict.reason == reason


def test_an_account_has_room_for_so_many_mandates() -> None:
    world = World(changed=prover(limits=replace(of("prover").limits, max_position_size=D(1000))))
    for _ in range(MANDATES_MAX):
        world.mandated("0.01")
    verdict = framed(world, quantity="0.01")
    assert (verdict.reason, facts(verdict)["mandates_limit"]) == (
        Reason.RESOURCE_CONTENTION,
        D(MANDATES_MAX),
    )
    seqs = [each.seq for each in world.kernel.state.accounts[ACCOUNT].mandates.values()]
    assert [each.dfid for each in mandates(world)] == [
        each.dfid for _, each in sorted(zip(seqs, mandates(world), strict=True))
    ]


def test_the_same_step_with_another_band_is_another_mandate() -> None:
    world = World()
    flow = world.flow(("prover",))
    intent = world.intent(flow, m.Action.MANDATE)
    assert intent.mandate is not None
    world.prove(flow, intent)
    world.run()
    world.prove(flow, replace(intent, confidence=D("0.95")))
    world.run()
    assert world.verdict.verdict is m.Verdict.DUPLICATE
    wider = replace(intent.mandate, price_high=intent.mandate.price_high + 1)
    world.prove(flow, replace(intent, mandate=wider))
    world.run()
    assert world.verdict.reason == Reason.STEP_ALREADY_DECIDED


# -- its children ------------------------------------------------------------------------------------------


def test_children_use_the_mandate_up_exactly_and_not_a_bit_more() -> None:
    world = World()
    parent = world.mandated("1")
    for number in (1, 2):
        assert ask(world, world.child(parent, number)).verdict is ACCEPTED
        world.receipt(world.order, m.ReceiptStatus.SENT)
        world.run()
    assert mandates(world)[0].used == D(1)
    verdict = ask(world, world.child(parent, 3), quantity=D("0.0001"))
    assert verdict.reason == Reason.PARENT_AUTHORITY_EXCEEDED
    assert facts(verdict) == {"measured": D("1.0001"), "limit": D(1)}


def test_what_a_final_receipt_left_unfilled_may_be_asked_for_again() -> None:
    world = World()
    parent = world.mandated("0.5")
    ask(world, world.child(parent, 1))
    order = world.order
    world.receipt(order, m.ReceiptStatus.PARTIAL, D("0.2"))
    world.run()
    assert mandates(world)[0].used == D("0.2")
    assert ask(world, world.child(parent, 2), quantity=D("0.31")).reason == Reason.PARENT_AUTHORITY_EXCEEDED
    assert ask(world, world.child(parent, 3), quantity=D("0.3")).verdict is ACCEPTED
    world.receipt(world.order, m.ReceiptStatus.DECLINED)
    world.run()
    assert mandates(world)[0].used == D("0.2")


def test_a_mandate_that_is_used_up_leaves_when_nothing_is_open() -> None:
    world = World()
    parent = world.mandated("0.5")
    ask(world, world.child(parent, 1))
    assert len(mandates(world)) == 1
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    assert mandates(world) == ()
    assert ask(world, world.child(parent, 2)).reason == Reason.PARENT_AUTHORITY_EXCEEDED


def test_a_mandate_leaves_when_its_time_is_over_and_time_alone_says_so() -> None:
    world = World()
    parent = world.mandated("1")
    ends = mandates(world)[0].expires_at
    world.tick((ends - world.now) // SECOND)
    world.quote(BTC, "4000", "4001")
    world.run()
    child, late = world.child(parent, 1), world.child(parent, 2)
    assert ask(world, child).verdict is ACCEPTED  # its last moment counts
    order = world.order
    assert order.valid_until == ends
    world.now += 1
    version = world.views[ACCOUNT].view.version
    world.run()
    assert (mandates(world), world.views[ACCOUNT].view.version) == ((), version + 1)
    assert ask(world, late).reason == Reason.PARENT_AUTHORITY_EXCEEDED
    world.receipt(order, m.ReceiptStatus.DECLINED)  # nothing is left to give it back to
    world.run()
    assert world.kernel.state.accounts[ACCOUNT].money_holds()


Scene = Callable[[World, m.FlowOpened], m.VerdictRecord]


def _buys(**changes: Any) -> Scene:
    return lambda world, parent: ask(world, world.child(parent, 1), **changes)


def _sells(world: World, parent: m.FlowOpened) -> m.VerdictRecord:
    return ask(world, world.child(parent, 1), m.Action.SELL)


def _another_instrument(world: World, parent: m.FlowOpened) -> m.VerdictRecord:
    return ask(world, world.child(parent, 1, instrument=ETH))


def _another_account(world: World, parent: m.FlowOpened) -> m.VerdictRecord:
    return ask(world, world.child(parent, 1, account="paper-2"))


def _frames(world: World, parent: m.FlowOpened) -> m.VerdictRecord:
    flow = world.child(parent, 1, agents=("prover",))
    world.prove(flow, world.intent(flow, m.Action.MANDATE))
    world.run()
    return world.verdict


def _no_limit_and_dear(world: World, parent: m.FlowOpened) -> m.VerdictRecord:
    world.quote(BTC, "4100", "4101")
    world.run()
    return ask(world, world.child(parent, 1), limit_price=None, stop=D(4000), target_price=D(4400))


@pytest.mark.parametrize(
    ("scene", "figures"),
    [
        (_sells, {}),
        (_another_instrument, {}),
        (_another_account, {}),
        (_frames, {}),
        (_buys(quantity=D("1.1")), {"measured": D("1.1"), "limit": D(1)}),
        (_buys(limit_price=D("4041")), {"measured": D("4041"), "limit": D("4040.5")}),
        (_buys(limit_price=D("3960")), {"measured": D("3960"), "limit": D("3960.5")}),
        (_no_limit_and_dear, {"measured": D(4101), "limit": D("4040.5")}),
    ],
)
def test_a_child_oversteps_nothing_of_its_mandate(scene: Scene, figures: dict[str, Decimal]) -> None:
    world = World(
        accounts=(ACCOUNT, "paper-2"),
        changed={"sovereign": {"limits": replace(of("sovereign").limits, max_order_value=D(9000))}},
    )
    verdict = scene(world, world.mandated("1"))
    assert (verdict.reason, facts(verdict)) == (Reason.PARENT_AUTHORITY_EXCEEDED, figures)
    assert replay(world.ledger).identical


@pytest.mark.parametrize(
    "fields",
    [
        {"topologies": (m.Lane.DLPCI,)},
    ],
)
def test_a_child_does_nothing_that_its_parents_contract_would_refuse(fields: dict[str, Any]) -> None:
    world = World(changed=prover(**fields))
    assert ask(world, world.child(world.mandated(), 1)).reason == Reason.PARENT_AUTHORITY_EXCEEDED


@pytest.mark.parametrize("verb", [m.Verb.SUSPEND, m.Verb.RETIRE])
def test_children_of_a_suspended_or_retired_parent_are_refused_at_once(verb: m.Verb) -> None:
    world = World()
    parent = world.mandated()
    world.control(verb, account=ACCOUNT, agent_id="prover")
    world.run()
    assert ask(world, world.child(parent, 1)).reason == Reason.PARENT_AUTHORITY_EXCEEDED


def test_a_child_under_a_revoked_key_is_refused_at_once() -> None:
    world = World()
    parent = world.mandated()
    key = KeyDocument(public=signer("prover").public, role=Role.AGENT, bound=("prover",), revoked=True)
    document = world.document(m.DocumentKind.KEY, signer("prover").keyid.hex(), "2", key.body())
    world.put("registry", document)
    world.run()
    assert ask(world, world.child(parent, 1)).reason == Reason.PARENT_AUTHORITY_EXCEEDED


@pytest.mark.parametrize("action", [m.Action.HOLD, m.Action.CLOSE])
def test_what_protects_needs_no_mandate_in_force(action: m.Action) -> None:
    world = World()
    parent = world.mandated("0.5")
    ask(world, world.child(parent, 1))
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    assert mandates(world) == ()
    assert ask(world, world.child(parent, 2), action).verdict is ACCEPTED


@pytest.mark.parametrize(
    "wrong",
    [
        {"parent_step": None},
        {"child_number": None},
        {"parent": None},
        {"child_number": 0},
        {"child_number": 2},
        {"parent_step": "s2"},
        {"parent": bytes(16)},
    ],
)
def test_a_child_whose_name_does_not_follow_from_its_parent_is_no_flow(wrong: dict[str, Any]) -> None:
    world = World()
    flow = replace(world.child(world.mandated(), 1), **wrong)
    world.propose(flow, world.intent(flow))
    world.run()
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]
    assert world.entries(EntryKind.FLOW) == []


def test_a_child_is_judged_by_the_tighter_of_both_contracts() -> None:
    strict = replace(of("prover").limits, max_order_value=D(100))
    world = World(changed=prover(limits=strict))
    parent = world.mandated()
    verdict = ask(world, world.child(parent, 1))
    assert (verdict.reason, facts(verdict)["order_value_limit"]) == (Reason.MAX_ORDER_VALUE, D(100))
    own = world.flow()
    assert ask(world, own).verdict is ACCEPTED  # on its own it may
    assert replay(world.ledger).identical


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"authority": Authority.EXECUTE_LIMITED}, Reason.NONE),
        (
            {"escalation": replace(of("prover").escalation, confidence_threshold=D("0.95"))},
            Reason.LOW_CONFIDENCE,
        ),
    ],
)
def test_gate_ten_asks_a_child_by_the_inherited_contract(fields: dict[str, Any], reason: Reason) -> None:
    world = World(changed=prover(**fields))
    flow = world.flow(("prover",))
    world.prove(flow, world.intent(flow, m.Action.MANDATE, confidence=D("0.99")))
    world.run()
    assert ask(world, world.child(flow, 1)).reason == reason


def test_a_parents_tighter_envelope_holds_for_its_children() -> None:
    world = World(changed=prover(drift=replace(of("prover").drift, envelope_bps=D(5))))
    child = world.child(world.mandated(), 1)
    world.quote(BTC, "4004", "4005")  # ten basis points: inside the child's own fifty
    verdict = ask(world, child)
    assert (verdict.reason, facts(verdict)["envelope_bps"]) == (Reason.STALE_CONTEXT, D(5))


@pytest.mark.parametrize("price", ["3960.5", "4040.5"])
def test_both_ends_of_the_band_are_inside_it(price: str) -> None:
    world = World()
    limit = D(price)
    stop, target = limit - 80, limit + 240
    verdict = ask(world, world.child(world.mandated(), 1), limit_price=limit, stop=stop, target_price=target)
    assert verdict.reason != Reason.PARENT_AUTHORITY_EXCEEDED


def test_a_child_that_sells_never_asks_for_less_than_the_band() -> None:
    world = World()
    world.bought("0.5")
    parent = world.mandated("0.5", side=m.Side.SELL, price_low=D("3999.995"))
    verdict = ask(world, world.child(parent, 1), m.Action.SELL, stop=None, target_price=None)
    assert verdict.verdict is ACCEPTED
    assert world.order.limit_price == D(4000)  # on the tick inside


def test_a_mandate_that_is_used_up_stays_while_an_order_may_give_something_back() -> None:
    world = World()
    parent = world.mandated("0.5")
    ask(world, world.child(parent, 1), quantity=D("0.2"))
    first = world.order
    ask(world, world.child(parent, 2), quantity=D("0.3"))
    world.receipt(first, m.ReceiptStatus.FILLED)
    world.run()
    assert [each.used for each in mandates(world)] == [D("0.5")]
    assert ask(world, world.child(parent, 3), quantity=D("0.1")).reason == Reason.PARENT_AUTHORITY_EXCEEDED


def test_a_childs_order_never_leaves_the_band() -> None:
    world = World()
    parent = world.mandated(price_high=D("4002.005"))
    verdict = ask(world, world.child(parent, 1), limit_price=None, stop=D(3950), target_price=D(4200))
    assert verdict.verdict is ACCEPTED
    assert world.order.limit_price == D("4002")  # on the tick inside


@pytest.mark.parametrize(("tokens", "status"), [(0, m.FlowStatus.ABORTED), (1, m.FlowStatus.ESCALATED)])
def test_a_child_asks_people_no_oftener_than_its_parent_might(tokens: int, status: m.FlowStatus) -> None:
    world = World(changed=prover(escalation=replace(of("prover").escalation, budget_per_hour=tokens)))
    child = world.child(world.mandated(), 1)
    kind, reason = m.ReportKind.ESCALATE, LaneReason.ESCALATED
    world.propose(child, world.report(child, "sovereign", kind, reason))
    world.run()
    assert world.verdict.flow_status is status


def test_a_child_thinks_on_its_own_budget() -> None:
    world = World()
    thought = m.Usage(model_calls=1, tool_calls=0, tokens_in=9, tokens_out=9, rounds=0, inference_ms=0)
    assert of("prover").budget.max_model_calls == 0
    assert ask(world, world.child(world.mandated(), 1), usage=thought).verdict is ACCEPTED


# -- restart and replay ------------------------------------------------------------------------------------


def test_state_restored_in_the_middle_of_a_mandate_equals_state_folded_from_the_beginning() -> None:
    world = World()
    parent = world.mandated("1")
    ask(world, world.child(parent, 1))
    order = world.order
    for output in world.kernel.closing(world.now):
        world._committed(output)
    live = texts(world.kernel.state)
    world.restart()
    assert texts(world.kernel.state) == live
    world.topics.state.clear()
    world.restart()
    assert texts(world.kernel.state) == live
    assert world.kernel.state.framed == {ACCOUNT}
    world.queue.clear()
    world.receipt(order, m.ReceiptStatus.PARTIAL, D("0.1"))
    world.run()
    assert mandates(world)[0].used == D("0.1")
    assert replay(world.ledger).identical
