"""Whatever the order, the batches and the restarts: one winner, one record, one state."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agents import prover
from ledger.envelope import digest, opened
from schemas.codec import encode
from schemas.models import WindowRecord
from tests.arbiter_world import (
    AFTER,
    BUY,
    DURING,
    ESCALATE,
    HALT,
    HOLD,
    NOTHING,
    REFUSED,
    Bench,
    Topics,
    said,
)
from tests.road_world import case, flow_of, instructed
from tests.road_world import opened as flow_opened

MESH = flow_of(flow_opened("risk", "strategy", "sentiment"))
PROOF = instructed("SELL 5 eth-usd")
CLAIM = said("prover", PROOF, prover.decide(case("prover", PROOF)))
AGENTS = ("risk", "strategy", "sentiment")
VETO = st.sampled_from((HALT, HOLD, NOTHING, ESCALATE, REFUSED, None))
OTHER = st.sampled_from((BUY, HOLD, NOTHING, ESCALATE, REFUSED, None))
OPINIONS = st.fixed_dictionaries({"risk": VETO, "strategy": OTHER, "sentiment": OTHER})


def records(opinions):
    topics = Topics()
    answers = [topics.heard(agent, MESH, each) for agent, each in opinions.items() if each is not None]
    return [topics.flow(MESH), *answers]


def everything():
    """Both lanes, a repeated answer and a second one, a contradiction and garbage."""
    topics = Topics()
    return [
        topics.flow(MESH),
        topics.flow(PROOF),
        topics.heard("strategy", MESH, BUY),
        topics.heard("strategy", MESH, BUY),
        topics.heard("strategy", MESH, HOLD),
        topics.heard("risk", MESH, HALT),
        topics.claimed(PROOF, CLAIM),
        topics.attested(PROOF, CLAIM),
        topics.put("mesh.proposals", b"garbage"),
    ]


def ordered(places):
    """Everything, in this order."""
    found = everything()
    return [found[place] for place in places]


def cut(items, sizes):
    """The items in consecutive batches of these sizes, the rest one by one."""
    rest = list(items)
    while rest:
        size = sizes.pop() if sizes else 1
        yield rest[:size]
        rest = rest[size:]


@settings(max_examples=60, deadline=None)
@given(opinions=OPINIONS, data=st.data())
def test_any_order_of_arrival_gives_the_same_window_record(opinions, data):
    arrived = records(opinions)
    first, second = Bench(), Bench()
    first.step(arrived)
    for batch in cut(data.draw(st.permutations(arrived)), data.draw(st.lists(st.integers(1, 4)))):
        second.step(batch)
    first.step([], AFTER)
    second.step([], AFTER)
    assert [encode(each) for each in first.windows()] == [encode(each) for each in second.windows()]
    assert len(first.windows()) == 1


@settings(max_examples=40, deadline=None)
@given(opinions=OPINIONS, data=st.data())
def test_halt_preempts_buy_whatever_the_order(opinions, data):
    arrived = records({**opinions, "risk": HALT, "strategy": BUY})
    bench = Bench()
    for batch in cut(data.draw(st.permutations(arrived)), data.draw(st.lists(st.integers(1, 4)))):
        bench.step(batch)
    bench.step([], AFTER)
    assert bench.windows()[0].winner == digest(said("risk", MESH, HALT))


@settings(max_examples=40, deadline=None)
@given(opinions=OPINIONS)
def test_no_proposal_leaves_a_window_without_its_veto_agent(opinions):
    bench = Bench()
    bench.step(records({**opinions, "risk": None}))
    bench.step([], AFTER)
    assert bench.windows()[0].winner is None


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_restarted_arbiter_is_the_one_that_was_never_stopped(data):
    arrived = ordered(data.draw(st.permutations(range(9))))
    stops = data.draw(st.sets(st.integers(0, len(arrived))))
    live, restarted = Bench(), Bench()
    for number, each in enumerate(arrived):
        assert live.step([each], DURING + number) == restarted.step([each], DURING + number)
        if number in stops:
            restarted.restart()
        assert live.arbiter.state() == restarted.arbiter.state()
    restarted.restart()
    assert live.step([], AFTER) == restarted.step([], AFTER)
    assert live.arbiter.state() == restarted.arbiter.state()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_record_is_answered_held_or_put_aside_once(data):
    order = data.draw(st.permutations(range(9)))
    arrived = ordered(order)
    bench = Bench()
    for batch in cut(arrived, data.draw(st.lists(st.integers(1, 4)))):
        bench.step(batch)
    bench.step([], AFTER)
    bodies = [each.body for each in bench.proposals()]
    assert len(bodies) == 2
    assert CLAIM in bodies
    (window,) = [opened(each, WindowRecord) for each in bodies if each != CLAIM]
    assert window.winner == digest(said("risk", MESH, HALT))
    second = (
        ["UNROUTED", "UNROUTED"] if order.index(4) < min(order.index(2), order.index(3)) else ["UNROUTED"]
    )
    assert sorted(each.reason for each in bench.quarantine()) == ["NOT_FRAMED", *second]
