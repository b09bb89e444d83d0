"""What a breaker found: the law asked too little of who may, of what is open and of who stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from ledger.envelope import seal
from ledger.hashes import state_hash
from schemas import models as m
from schemas.codec import encode
from schemas.kinds import EntryKind
from schemas.reasons import LaneReason, Reason
from tests.build import ACCOUNT, BTC, ETH, SECOND, World, granted, h_flow, signer

D = Decimal
A, S, V, K = m.Action, m.Standing, m.Verb, m.ReportKind
SDS = "sovereign"
Fields = dict[str, Any]
FREE: Fields = {"allowed_actions": (A.BUY, A.SELL, A.CLOSE, A.HOLD, A.CANCEL), "forbidden_actions": ()}


def of(agent: str, part: str, **fields: Any) -> Fields:
    """One part of a shipped contract, changed."""
    found = next(each for each in granted() if each.agent_id == agent)
    return {part: replace(getattr(found, part), **fields)}


def ruled(world: World) -> str:
    """The verdict of the last run, or the reason it was not accepted for; every ruling replays."""
    world.run()
    found = world.verdict
    assert replay(world.ledger).identical
    return "ACCEPTED" if found.verdict is m.Verdict.ACCEPTED else Reason(found.reason).name


def answered(world: World, action: m.Action = A.BUY, *, on: str = BTC, **changes: Any) -> str:
    flow = world.flow(instrument=on)
    world.propose(flow, world.intent(flow, action, **changes))
    return ruled(world)


# -- a flow begins with its first attempt ----------------------------------------------------------------


def test_a_context_of_a_later_attempt_opens_no_flow() -> None:
    world = World()
    late = world.flow(signal="q", attempt=5)
    world.propose(late, world.intent(late))
    world.run()
    assert [Reason(each.reason) for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]
    assert world.entries(EntryKind.FLOW) == []
    first = world.flow(signal="q")
    world.propose(first, world.intent(first))
    assert ruled(world) == "ACCEPTED"


def test_a_context_of_another_trigger_is_none_of_this_flow() -> None:
    """Else its answer would be forgotten by one time and still be asked for by the other: decided twice."""
    world = World()
    parent = world.mandated()
    first = world.child(parent, 1)
    world.quote(BTC, "4021", "4022")
    world.propose(first, world.intent(first, quantity=D("0.1")))
    world.run()
    assert (world.verdict.reason, world.verdict.reopens) == (Reason.STALE_CONTEXT, True)
    world.tick(30)
    later = world.child(parent, 1, attempt=2)
    assert later.dfid == first.dfid
    assert later.trigger.event_time > first.trigger.event_time
    world.propose(later, world.intent(later, quantity=D("0.1")))
    world.run()
    assert [Reason(each.reason) for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]
    again = replace(later, trigger=first.trigger)
    world.propose(again, world.intent(again, quantity=D("0.1")))
    assert ruled(world) == "ACCEPTED"


def test_agents_woken_by_another_context_end_no_kernel() -> None:
    changed: dict[str, Mapping[str, Any]] = {
        "prover": {"topologies": (m.Lane.SDS,), "outputs": (m.IntentKind.ATOM,)},
        SDS: {"max_attempts": 1},
    }
    world = World(changed=changed)
    one = world.flow(("prover",), lane=m.Lane.SDS, signal="q")
    world.propose(one, world.intent(one, confidence=D(2)))
    world.run()
    other = world.flow((SDS,), signal="q")
    world.tick(100)
    world.propose(other, world.intent(other, valid_until=world.now - 1))
    world.run()
    assert world.verdict.verdict is m.Verdict.REJECTED
    assert replay(world.ledger).identical


def test_a_trigger_later_than_the_look_that_it_woke_is_malformed() -> None:
    for ahead, wanted in ((5 * SECOND, "ACCEPTED"), (5 * SECOND + 1, "MALFORMED")):
        world = World()
        flow = world.flow()
        trigger = replace(flow.trigger, event_time=flow.snapshot.taken_at + ahead)
        flow = replace(flow, trigger=trigger)
        world.propose(flow, world.intent(flow))
        world.run()
        told = world.told(m.VerdictRecord)
        refused = [Reason(each.reason).name for each in world.entries(EntryKind.REFUSAL)]
        assert ([each.verdict.value for each in told] or refused) == [wanted]


# -- CANCEL ----------------------------------------------------------------------------------------------


def cancelled(world: World, key: bytes, instrument: str | None = None) -> str:
    return answered(world, A.CANCEL, target=key, instrument=instrument, quantity=D(0))


def test_nobody_takes_back_what_is_not_open() -> None:
    world = World(changed={SDS: FREE})
    order = world.bought()
    assert cancelled(world, bytes(32)) == "AUTHORITY_EXCEEDED"
    assert cancelled(world, order.key) == "AUTHORITY_EXCEEDED"
    assert world.told(m.Envelope) == []


def test_an_order_is_taken_back_on_its_own_instrument_by_who_may_touch_it() -> None:
    world = World(changed={SDS: FREE})
    assert answered(world, on=ETH) == "ACCEPTED"
    key = world.order.key
    assert cancelled(world, key, BTC) == "UNAUTHORIZED_INSTRUMENT"
    assert cancelled(world, key, ETH) == "ACCEPTED"
    assert cancelled(world, key) == "ACCEPTED"  # until the venue has answered it is open
    narrow = World(changed={SDS: FREE | {"allowed_instruments": (ETH,)}})
    flow = narrow.flow(("prover",))
    narrow.prove(flow, narrow.intent(flow))
    narrow.run()
    key = narrow.order.key
    for named in (None, ETH, BTC):
        assert cancelled(narrow, key, named) == "UNAUTHORIZED_INSTRUMENT"


def test_no_agent_takes_back_what_the_kernel_does_to_put_a_failure_right() -> None:
    world = World(changed={SDS: FREE})
    assert answered(world) == "ACCEPTED"
    key = world.order.key
    own = world.kernel.state.accounts[ACCOUNT].orders
    own[key].step_id = "comp-1"
    flow = world.flow()
    world.propose(flow, world.intent(flow, A.CANCEL, target=key, instrument=None, quantity=D(0)))
    world.run()
    assert world.verdict.reason == Reason.AUTHORITY_EXCEEDED


# -- asking for a person ---------------------------------------------------------------------------------


def asking(world: World, kind: m.ReportKind = K.ESCALATE) -> tuple[str, int, int]:
    """The flow after an asking report, the escalations told, the tokens spent."""
    flow = world.flow()
    world.propose(flow, world.report(flow, SDS, kind, LaneReason.ESCALATED))
    world.run()
    assert replay(world.ledger).identical
    spent = len(world.kernel.state.agent(ACCOUNT, SDS).escalated)
    return world.verdict.flow_status.value, len(world.told(m.Escalation)), spent


@pytest.mark.parametrize("kind", [K.ESCALATE, K.EXHAUSTED])
@pytest.mark.parametrize("where", [ACCOUNT, None])
@pytest.mark.parametrize("standing", [S.PASSIVE, S.SUSPENDED, S.RETIRED])
def test_an_agent_that_may_not_act_asks_for_nobody(
    standing: m.Standing, where: str | None, kind: m.ReportKind
) -> None:
    world = World()
    if standing is S.RETIRED:
        world.control(V.RETIRE, agent_id=SDS, account=where)
    else:
        world.control(V.SUSPEND, agent_id=SDS, account=where, standing=standing)
    world.run()
    before = dict(world.kernel.state.accounts[ACCOUNT].standings)
    assert asking(world, kind) == ("ABORTED", 0, 0)
    assert world.kernel.state.accounts[ACCOUNT].standings == before


def test_a_window_is_asked_for_by_those_who_may_ask() -> None:
    for standing, wanted in ((S.DEGRADED, "ESCALATED"), (S.SUSPENDED, "ABORTED")):
        world = World()
        world.control(V.SUSPEND, agent_id="risk", standing=standing)
        world.run()
        flow = world.flow(("risk", "strategy"))
        asks = world.report(flow, "risk", K.ESCALATE, LaneReason.ESCALATED)
        world.propose(flow, world.window(flow, [asks, world.report(flow, "strategy")]))
        world.run()
        assert world.verdict.flow_status.value == wanted
        assert len(world.kernel.state.agent(ACCOUNT, "risk").escalated) == (wanted == "ESCALATED")
        assert replay(world.ledger).identical


def test_a_report_that_asks_without_a_token_makes_its_agent_passive() -> None:
    world = World(changed={SDS: of(SDS, "escalation", budget_per_hour=1)})
    assert asking(world) == ("ESCALATED", 1, 1)
    assert world.kernel.state.accounts[ACCOUNT].standings == {}
    assert asking(world) == ("ABORTED", 0, 1)
    assert world.kernel.state.accounts[ACCOUNT].standings == {SDS: S.PASSIVE}


# -- parents ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("standing", [S.DEGRADED, S.ESCALATION_ONLY, S.PASSIVE])
def test_a_parent_that_may_take_no_risk_permits_its_children_none(standing: m.Standing) -> None:
    world = World()
    world.bought("0.5")
    low: Fields = {"price_low": D(3000), "price_high": D(5000)}
    buys, sells = world.mandated(**low), world.mandated("0.3", side=m.Side.SELL, **low)
    world.control(V.SUSPEND, agent_id="prover", account=ACCOUNT, standing=standing)
    world.run()
    child = world.child(buys, 1)
    world.propose(child, world.intent(child, quantity=D("0.1")))
    assert ruled(world) == "PARENT_AUTHORITY_EXCEEDED"
    child = world.child(sells, 1)
    world.propose(child, world.intent(child, A.SELL, quantity=D("0.1"), stop=None, target_price=None))
    assert ruled(world) == "ACCEPTED"


def test_a_parent_that_lost_too_much_permits_its_children_no_more() -> None:
    world = World()
    parent = world.mandated()
    world.kernel.state.own_agent(ACCOUNT, "prover").latched = int(Reason.MAX_LOSS)
    child = world.child(parent, 1)
    world.propose(child, world.intent(child, quantity=D("0.1")))
    world.run()
    assert world.verdict.reason == Reason.PARENT_AUTHORITY_EXCEEDED


@pytest.mark.parametrize(("limit", "persons"), [(None, 1), (D(100), 2)])
def test_a_child_needs_as_many_persons_as_its_parents_contract_asks(limit: D | None, persons: int) -> None:
    doubt = of(SDS, "escalation", confidence_threshold=D("0.95"))
    world = World(changed={SDS: doubt, "prover": of("prover", "escalation", two_persons_above_usd=limit)})
    child = world.child(world.mandated(), 1)
    body = seal(world.intent(child, quantity=D("0.1")), signer(SDS))
    world.propose(child, body)
    world.run()
    (waits,) = world.told(m.Escalation)
    assert waits.persons == persons
    world.decide(child, body, m.HumanChoice.OVERRIDE)
    world.run()
    (act,) = world.entries(EntryKind.HUMAN)
    assert act.verdict is (m.Verdict.ACCEPTED if persons == 1 else m.Verdict.REJECTED)
    assert replay(world.ledger).identical


@pytest.mark.parametrize(("limit", "persons"), [(D(4100), 1), (D("4099.99"), 2)])
def test_a_mandate_needs_as_many_persons_as_the_most_its_children_may_pay(limit: D, persons: int) -> None:
    """Found by histories: a frame's worth was taken from the quote, not from the highest price in it."""
    asks = of("prover", "escalation", two_persons_above_usd=limit, confidence_threshold=D("0.99"))
    world = World(changed={"prover": asks})
    flow = world.flow(("prover",))
    frame = world.frame(flow.snapshot.instruments[0], price_high=D(4100))
    world.prove(flow, world.intent(flow, A.MANDATE, quantity=D(1), mandate=frame))
    world.run()
    (waits,) = world.told(m.Escalation)
    assert waits.persons == persons


# -- losses ----------------------------------------------------------------------------------------------


def test_an_emptied_account_refuses_and_latches_nobody() -> None:
    world = World()
    world.control(V.WITHDRAW, account=ACCOUNT, amount=D(100_000))
    world.run()
    assert answered(world) == "MAX_LOSS"
    assert world.kernel.state.agent(ACCOUNT, SDS).latched == 0
    world.control(V.FUND, account=ACCOUNT, amount=D(100_000))
    world.run()
    assert answered(world) == "ACCEPTED"


@pytest.mark.parametrize("retired", [True, False])
def test_who_trades_here_no_more_ends_no_account(retired: bool) -> None:
    names = ("max_drawdown_pct", "trailing_max_drawdown_pct", "max_daily_loss_pct")
    strict = of("prover", "limits", **dict.fromkeys(names, D("0.01")))
    world = World(changed={"prover": strict | {"terminate_on_max_loss": True}})
    world.bought("0.5")
    if retired:
        world.control(V.RETIRE, agent_id="prover")
        world.run()
    world.tick(2)
    world.quote(BTC, "1900", "1901")
    world.run()
    assert world.kernel.state.accounts[ACCOUNT].terminated is not retired
    assert (world.kernel.state.agent(ACCOUNT, "prover").latched == 0) is retired
    assert replay(world.ledger).identical


# -- getting out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", [{"bid": None, "ask": None, "mid": None, "price_offset": None}, None])
@pytest.mark.parametrize("live", [True, False])
def test_a_close_whose_context_shows_no_price_gets_a_live_one_or_a_person(
    view: Fields | None, live: bool
) -> None:
    world = World()
    world.bought()
    if not live:
        world.tick(700)
        world.quote(ETH, "300", "300.1")
    flow = world.flow(market=view, snapshot=None if view else {"instruments": ()})
    shown = replace(flow, snapshot=replace(flow.snapshot, instruments=(world.market_view(BTC),)))
    h_state = state_hash(encode(flow.snapshot))
    world.propose(flow, world.intent(shown, A.CLOSE, flow_hash=h_flow(flow), state_hash=h_state))
    world.run()
    assert world.verdict.verdict is (m.Verdict.ACCEPTED if live else m.Verdict.ESCALATED)
    assert replay(world.ledger).identical


def test_an_operators_halt_tells_no_time_that_it_does_not_have() -> None:
    world = World()
    world.control(V.HALT)
    assert answered(world) == "TRADING_HALTED"
    assert world.verdict.facts == ()
