"""The selector: what it opens, for whom, what it shows them, and what it says when nobody answers."""

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import pytest

from ledger.envelope import signed_by
from ledger.hashes import dfid, flow_hash
from schemas.models import (
    Action,
    AgentStanding,
    FlowRecord,
    FlowStatus,
    Lane,
    Position,
    ReportKind,
    Standing,
    Verdict,
    VerdictRecord,
)
from schemas.reasons import LaneReason, Reason
from tests.selector_world import (
    LEDGER,
    MINUTE,
    NEWS,
    NOON,
    PRINCIPAL,
    SELECTOR,
    TIMER,
    World,
    bar,
    flows,
    framed,
    quote,
    read,
    reasons,
    reports,
    view,
)

SECOND = 1_000_000


def verdict(flow, **changed):
    given = {
        "account": flow.account,
        "dfid": flow.dfid,
        "attempt": flow.attempt,
        "agent_id": "strategy",
        "lane": flow.lane,
        "action": Action.BUY,
        "verdict": Verdict.ACCEPTED,
        "reason": 0,
        "facts": (),
        "reopens": False,
        "flow_status": FlowStatus.EXECUTING,
        "explain_commitment": bytes(range(32)),
        "seq": 1,
        "at": NOON,
    }
    return framed(VerdictRecord(**{**given, **changed}))


def curable(flow, **changed):
    given = {
        "verdict": Verdict.REJECTED,
        "reason": Reason.STALE_CONTEXT,
        "reopens": True,
        "flow_status": FlowStatus.REJECTED,
    }
    return verdict(flow, **{**given, **changed})


@pytest.fixture
def world():
    made = World()
    made.signal(quote(), "q0")
    return made


def test_a_timer_opens_one_signed_flow_for_each_account(world):
    produced = world.signal(TIMER, "t1")
    first, second = flows(produced)
    assert (first.account, second.account) == ("paper-1", "paper-2")
    assert first.lane is Lane.EOAM
    assert first.dfid == dfid(LEDGER, "tape", "t1", "paper-1", "rebalance")
    assert signed_by(read(FlowRecord, produced[0]).flow, SELECTOR.public)
    assert (produced[0].topic, produced[0].key, produced[0].partition) == ("flows.eoam", b"paper-1", 0)


def test_the_snapshot_names_the_quote_it_holds_and_nothing_newer(world):
    flow = flows(world.signal(TIMER, "t1"))[0]
    seen = flow.snapshot.instruments[0]
    assert (seen.bid, seen.ask, seen.price_offset) == (Decimal(320), Decimal("320.1"), 0)
    assert seen.quote_time <= flow.snapshot.taken_at == world.now
    assert flow.deadline == world.now + 30 * SECOND
    assert flow.flow_expires_at == world.now + 600 * SECOND


def test_an_instruction_goes_to_the_proof_lane_with_its_text_beside(world):
    (produced,) = [each for each in world.order("order-1") if each.topic == "flows.dlpci"]
    (flow,), record = flows([produced]), read(FlowRecord, produced)
    assert (flow.decision_class, flow.trigger.kind, flow.trigger.source) == (
        "audit",
        "INSTRUCTION",
        PRINCIPAL.keyid.hex(),
    )
    assert (record.instruction_text, record.instruction_salt) == ("CLOSE eth-usd", bytes(32))


def test_the_second_audit_class_has_its_own_prover(world):
    (flow,) = flows(world.order("order-1", decision_class="audit-b"))
    assert [agent.agent_id for agent in flow.woken] == ["prover-b"]


def test_a_quote_moves_the_features_and_is_no_fault(world):
    produced = world.signal(quote("321", "321.1"), "q1")
    assert produced == []
    assert world.selector.state.market.view("eth-usd").bid == Decimal(321)


def test_a_wake_expression_that_does_not_hold_is_counted_by_its_predicate(world):
    for minute in range(8):
        world.now += MINUTE
        produced = world.signal(bar("320"), f"b{minute}")
    assert produced == []
    (last,) = list(world.selector.state.notebook.suppressed())[-1:]
    assert (last.agent_id, last.signal_id, last.measured) == ("sovereign", "b7", "0")
    assert last.predicate.startswith("abs(return_5m)")


def test_a_fast_bar_opens_a_flow_on_the_stream_lane(world):
    for minute in range(6):
        world.now += MINUTE
        world.signal(bar("320"), f"b{minute}")
    world.now += MINUTE
    (flow,) = flows(world.signal(bar("330"), "b9"))
    assert (flow.lane, flow.decision_class, flow.account) == (Lane.SDS, "momentum", "paper-2")


def test_headlines_reach_those_who_read_them(world):
    (produced, _) = [each for each in world.signal(NEWS, "n1") if each.topic == "flows.eoam"]
    (flow,), record = flows([produced]), read(FlowRecord, produced)
    assert "sentiment" in [agent.agent_id for agent in flow.woken]
    assert [each.digest for each in flow.snapshot.headlines] == [each.digest for each in record.headlines]
    assert [each.text for each in record.headlines] == [NEWS.headline]
    assert flow.snapshot.headlines[0].digest == sha256(NEWS.headline.encode()).digest()


def test_every_veto_agent_is_woken_with_anyone(world):
    flow = flows(world.signal(NEWS, "n1"))[0]
    assert [agent.agent_id for agent in flow.woken if agent.veto] == ["risk"]


def test_a_suspended_agent_stays_asleep_but_a_suspended_veto_is_still_asked(world):
    suspended = tuple(
        AgentStanding(agent_id=agent, standing=Standing.SUSPENDED) for agent in ("risk", "strategy")
    )
    world.give("accounts.view", view("paper-1", version=2, standings=suspended), b"paper-1")
    flow = flows(world.signal(NEWS, "n1"))[0]
    assert [agent.agent_id for agent in flow.woken] == ["risk", "sentiment"]


def test_an_account_that_was_not_opened_is_named_and_opens_nothing():
    world = World(ready=False)
    world.step(*world.registry)
    assert flows(world.signal(TIMER, "t1")) == []
    named = {one.predicate for one in world.selector.state.notebook.suppressed()}
    assert named == {"account without a view"}


def test_a_flow_shows_what_is_held_beside_the_instrument_it_is_about(world):
    held = Position(instrument="btc-usd", quantity=Decimal(1), reserved=Decimal(0), total_cost=Decimal(4000))
    world.give("accounts.view", view("paper-1", version=2, positions=(held,)), b"paper-1")
    world.signal(quote("4400", "4402"), "q2", instrument="btc-usd")
    flow = flows(world.signal(TIMER, "t1"))[0]
    assert [each.instrument for each in flow.snapshot.instruments] == ["eth-usd", "btc-usd"]
    assert flow.snapshot.equity == Decimal(104_401)  # by our own quotes, however late the next view is


def test_a_signal_ahead_of_the_clock_waits_for_its_time(world):
    assert world.signal(TIMER, "t1", at=world.now + 2 * SECOND) == []
    world.now += SECOND
    assert flows(world.step()) == []
    world.now += SECOND
    assert len(flows(world.step())) == 2


def test_a_verdict_enters_the_trajectory_of_its_agent(world):
    flow = flows(world.signal(TIMER, "t1"))[0]
    world.give("kernel.verdicts", verdict(flow), b"paper-1")
    world.give("kernel.verdicts", verdict(flow, outcome="FILLED", flow_status=FlowStatus.CLOSED), b"paper-1")
    again = flows(world.signal(TIMER, "t2"))[0]
    (past,) = next(agent.trajectory for agent in again.woken if agent.agent_id == "strategy")
    assert (past.dfid, past.action, past.verdict, past.outcome) == (
        flow.dfid,
        Action.BUY,
        "ACCEPTED",
        "FILLED",
    )


def test_only_the_last_five_decisions_are_handed_on(world):
    for number in range(7):
        flow = flows(world.signal(TIMER, f"t{number}"))[0]
        world.give("kernel.verdicts", verdict(flow), b"paper-1")
    assert len(world.selector.state.accounts.trajectory("paper-1", "strategy")) == 5


def test_an_agent_that_spent_its_window_is_not_woken(world):
    flow = flows(world.signal(TIMER, "t0"))[0]
    for number in range(120):
        world.give("kernel.verdicts", verdict(replace(flow, attempt=number + 1)), b"paper-1")
    woken = flows(world.signal(TIMER, "t1"))[0].woken
    assert "strategy" not in [agent.agent_id for agent in woken]
    named = {one.predicate for one in world.selector.state.notebook.suppressed()}
    assert "budget.proposals_per_window" in named


def test_a_curable_refusal_opens_the_next_attempt_with_a_fresh_snapshot(world):
    flow = flows(world.signal(TIMER, "t1"))[0]
    world.now += 10 * SECOND
    world.signal(quote("330", "330.1"), "q2")
    assert flows(world.give("kernel.verdicts", curable(flow), b"paper-1")) == []
    (again,) = flows(world.step())
    assert (again.dfid, again.attempt, again.lane) == (flow.dfid, 2, flow.lane)
    assert again.snapshot.taken_at == world.now
    assert again.snapshot.instruments[0].bid == Decimal(330)
    assert again.flow_expires_at == flow.flow_expires_at
    assert again.deadline == world.now + 30 * SECOND


def test_a_reopening_waits_at_most_a_few_busy_steps(world):
    flow = flows(world.signal(TIMER, "t1"))[0]
    world.give("kernel.verdicts", curable(flow), b"paper-1")
    opened = [flows(world.signal(quote(), f"q{number + 5}")) for number in range(4)]
    assert [len(each) for each in opened] == [0, 0, 1, 0]


def test_the_last_attempt_is_not_opened_again(world):
    flow = flows(world.signal(TIMER, "t1"))[0]
    for attempt in (2, 3):
        world.give("kernel.verdicts", curable(flow), b"paper-1")
        (flow,) = flows(world.step())
        assert flow.attempt == attempt
    world.give("kernel.verdicts", curable(flow), b"paper-1")
    assert flows(world.step()) == []
    assert world.selector.state.flows.get(flow.dfid) is None


def test_a_refusal_that_is_final_opens_nothing(world):
    flow = flows(world.signal(TIMER, "t1"))[0]
    world.give("kernel.verdicts", curable(flow, reopens=False), b"paper-1")
    assert flows(world.step()) == []


def test_silence_beyond_the_grace_is_reported_once(world):
    opened = flows(world.signal(TIMER, "t1"))
    world.now = opened[0].deadline + 5 * SECOND
    assert world.step() == []
    world.now += 1
    produced = world.step()
    first = reports(produced)[0]
    assert (first.kind, first.reason, first.agent_id) == (
        ReportKind.REFUSED,
        LaneReason.NO_ANSWER,
        "selector",
    )
    assert first.flow_hash in {
        flow_hash(read(FlowRecord, each).flow.payload) for each in world.wrote if each.topic == "flows.eoam"
    }
    assert len(produced) == 2
    world.now += SECOND
    assert world.step() == []


def test_an_answered_flow_is_not_reported(world):
    first, second = flows(world.signal(TIMER, "t1"))
    world.give("kernel.verdicts", verdict(first), b"paper-1")
    world.give(
        "kernel.verdicts",
        verdict(second, verdict=Verdict.REPORTED, flow_status=FlowStatus.CLOSED),
        b"paper-2",
    )
    world.now = first.deadline + 60 * SECOND
    assert world.step() == []


def test_a_refused_forgery_does_not_end_the_waiting(world):
    first, _ = flows(world.signal(TIMER, "t1"))
    forged = verdict(
        first, verdict=Verdict.REJECTED, reason=Reason.BAD_SIGNATURE, flow_status=FlowStatus.ACTIVE
    )
    world.give("kernel.verdicts", forged, b"paper-1")
    world.now = first.deadline + 60 * SECOND
    assert len(reports(world.step())) == 2


def test_a_flow_nobody_ever_ruled_on_is_forgotten_after_its_expiry(world):
    (first, _) = flows(world.signal(TIMER, "t1"))
    world.now = first.deadline + 6 * SECOND
    world.step()
    world.now = first.flow_expires_at + 6 * SECOND
    world.step()
    assert len(world.selector.state.flows) == 0
    assert not [key for key in world.kept if key.startswith(b"open/")]


def test_signals_before_any_registry_are_quarantined_not_fatal():
    world = World(ready=False)
    produced = world.give("market.signals", b"\x00\x00\x00\x00\x07garbage")
    assert [each.topic for each in produced] == ["quarantine"]


def test_a_flow_record_fits_its_topic_with_all_it_can_hold(world):
    positions = tuple(
        Position(
            instrument=f"{number:03d}-" + "x" * 60,
            quantity=Decimal("123456789.123456789012345678"),
            reserved=Decimal("123456789.123456789012345678"),
            total_cost=Decimal("123456789.123456789012345678"),
        )
        for number in range(64)
    )
    for account in ("paper-1", "paper-2"):
        world.give("accounts.view", view(account, version=2, positions=positions), account.encode())
    for number in range(12):
        world.signal(replace(NEWS, headline="é" * 510 + f"{number:03d}"), f"n{number}")
    for flow in flows(world.wrote):
        for agent in ("risk", "strategy", "sentiment"):
            world.give("kernel.verdicts", verdict(flow, agent_id=agent), flow.account.encode())
    produced = world.signal(NEWS, "n-last") + world.order("order-1", text="x" * 14_000)
    assert reasons(produced) == []
    assert max(len(each.value) for each in produced if each.topic.startswith("flows.")) < 48 * 1024
    assert max(len(value) for value in world.kept.values()) < 256 * 1024
