"""What a summary counts: rulings, the broker's own time, and what every answer of a window says it cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from interlock.atom import NotFound, recorded
from interlock.atom_diff import differences
from interlock.summary import Summary, usages
from ledger.entry import decode_entry
from ledger.envelope import opened, seal
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import FlowEntry, FlowOpened, Generation, Intent
from tests.build import World, signer
from transport.log import Record

D = Decimal
MADE = Generation(
    model_hash=bytes(32), grammar_hash=bytes([1] * 32), prompt_hash=bytes([2] * 32),
    fingerprint="single_pass/1 torch/2 x86_64", text="action=HOLD", mass=D("0.99"), margin=D("0.9"),
)  # fmt: skip


def ruled() -> World:
    """One decision of the stream agent and one left open."""
    world = World()
    flow = world.flow()
    world.propose(flow, seal(world.intent(flow, confidence=D("0.9")), signer("sovereign")))
    world.run()
    return world


def taken(world: World, found: Summary) -> Summary:
    for number, value in enumerate(world.ledger):
        found.take(Record(topic="kernel.ledger", partition=0, offset=number, key=None, value=value,
                          timestamp_ms=5_000))  # fmt: skip
    return found


def flows(world: World) -> list[FlowOpened]:
    leaves = [decode_entry(value) for value in world.ledger]
    return [
        opened(decode(FlowEntry, each.body).flow, FlowOpened)
        for each in leaves
        if each.kind == EntryKind.FLOW
    ]


def test_a_lane_is_counted_by_class_with_the_brokers_time_and_the_answers_cost():
    world = ruled()
    (flow,) = flows(world)
    found = taken(world, Summary(opened={(flow.dfid, 1): 4_958}))
    topology = found.topologies[flow.decision_class, flow.lane.value]
    assert (topology.flows, topology.answers, sum(topology.ruled.values())) == (1, 1, 1)
    assert (topology.wait_ms(50), topology.wait_ms(99)) == (42, 42)


def test_what_the_topics_no_longer_hold_is_not_measured_and_a_window_leaves_out_what_is_older():
    world = ruled()
    (flow,) = flows(world)
    assert taken(world, Summary()).topologies[flow.decision_class, flow.lane.value].wait_ms(50) is None
    late = Summary(since=decode_entry(world.ledger[-1]).ts + 1)
    assert taken(world, late).topologies == {}


def test_the_fingerprint_is_the_first_difference_that_is_named():
    world = World()
    flow = world.flow()
    was = replace(world.intent(flow, confidence=D("0.9")), generation=MADE)
    now = replace(was, confidence=D("0.8"), generation=replace(MADE, text="action=BUY", fingerprint="other"))
    assert [each.field for each in differences(was, now)] == [
        "generation.fingerprint", "generation.text", "confidence",
    ]  # fmt: skip
    assert differences(was, replace(was)) == []
    assert len(list(usages(seal(was, signer("sovereign"))))) == 1


def test_a_flow_without_an_answer_of_the_stream_agent_is_said_by_name():
    world = ruled()
    with pytest.raises(NotFound, match="no such flow"):
        recorded(world.ledger, signer("root").public, bytes(16))
    (flow,) = flows(world)
    with pytest.raises(NotFound, match="no answer of sovereign to attempt 7"):
        recorded(world.ledger, signer("root").public, flow.dfid, 7)
    found = recorded(world.ledger, signer("root").public, flow.dfid)
    assert isinstance(found.said, Intent)
    assert found.model_hash is not None
