"""Windows close, halts preempt, proofs are joined, and nothing that comes is lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agents import prover
from ledger.envelope import digest, opened, seal, signed_by
from schemas.models import Intent, Report, WindowKind
from schemas.reasons import LaneReason
from tests.arbiter_world import (
    AFTER,
    AT_DEADLINE,
    BUY,
    DURING,
    ESCALATE,
    HALT,
    HOLD,
    NOTHING,
    REFUSED,
    Bench,
    Topics,
    body,
    lying,
    said,
)
from tests.road_world import NOON, SECOND, case, flow_of, instructed, signer
from tests.road_world import opened as flow_opened
from topologies.arbiter.bounds import FORWARDED_MAX, HELD_US

MESH = flow_of(flow_opened("risk", "strategy", "sentiment"))
PROOF = instructed("BUY 5 eth-usd LIMIT 321 STOP 310 TARGET 345")
CLAIM = said("prover", PROOF, prover.decide(case("prover", PROOF)))


def mesh(**opinions):
    topics = Topics()
    return [topics.flow(MESH), *(topics.heard(agent, MESH, each) for agent, each in opinions.items())]


def test_a_complete_window_closes_at_once_and_names_the_winner():
    bench = Bench()
    bench.step(mesh(risk=NOTHING, strategy=BUY, sentiment=HOLD))
    (window,) = bench.windows()
    assert (window.kind, window.reason) == (WindowKind.COMPLETE, LaneReason.NONE)
    assert window.winner == digest(said("strategy", MESH, BUY))
    assert [opened(each, Intent).agent_id for each in window.answers[1:]] == ["sentiment", "strategy"]
    (proposal,) = bench.proposals()
    assert proposal.flow == MESH.record.flow
    assert signed_by(proposal.body, signer("arbiter").public)


def test_a_halt_preempts_a_buy():
    bench = Bench()
    bench.step(mesh(strategy=BUY, sentiment=BUY, risk=HALT))
    assert bench.windows()[0].winner == digest(said("risk", MESH, HALT))


@pytest.mark.parametrize(
    ("opinions", "reason"),
    [
        ({"risk": ESCALATE, "strategy": BUY, "sentiment": BUY}, LaneReason.ESCALATED_BY_VETO),
        ({"risk": REFUSED, "strategy": BUY, "sentiment": BUY}, LaneReason.VETO_MISSING),
        ({"risk": NOTHING, "strategy": ESCALATE, "sentiment": NOTHING}, LaneReason.ESCALATED),
        ({"risk": NOTHING, "strategy": NOTHING, "sentiment": NOTHING}, LaneReason.NO_EDGE),
    ],
)
def test_without_a_winner_the_window_says_why(opinions, reason):
    bench = Bench()
    bench.step(mesh(**opinions))
    assert (bench.windows()[0].winner, bench.windows()[0].reason) == (None, reason)


def test_a_window_is_open_at_its_deadline_and_closed_after_it():
    bench = Bench()
    bench.step(mesh(risk=NOTHING, strategy=BUY), AT_DEADLINE)
    assert bench.proposals() == []
    bench.step([], AFTER)
    (window,) = bench.windows()
    assert (window.kind, window.winner) == (WindowKind.DEADLINE, digest(said("strategy", MESH, BUY)))


def test_a_missing_veto_agent_fails_closed():
    bench = Bench()
    bench.step(mesh(strategy=BUY, sentiment=BUY))
    bench.step([], AFTER)
    (window,) = bench.windows()
    assert (window.winner, window.reason) == (None, LaneReason.VETO_MISSING)
    assert len(window.answers) == 2


def test_a_late_halt_still_leaves_and_only_once():
    bench, topics = Bench(), Topics()
    bench.step([topics.flow(MESH), topics.heard("strategy", MESH, BUY)])
    bench.step([], AFTER)
    bench.step([topics.heard("risk", MESH, HALT), topics.heard("risk", MESH, HALT)], AFTER + 1)
    late = bench.windows()[1:]
    assert [(each.kind, each.winner) for each in late] == [
        (WindowKind.LATE, digest(said("risk", MESH, HALT)))
    ]
    assert bench.quarantine() == []


def test_any_other_late_answer_is_put_aside_by_name():
    bench, topics = Bench(), Topics()
    bench.step([topics.flow(MESH), topics.heard("risk", MESH, NOTHING)])
    bench.step([], AFTER)
    bench.step([topics.heard("strategy", MESH, BUY)], AFTER + 1)
    assert len(bench.windows()) == 1
    assert [each.reason for each in bench.quarantine()] == ["UNROUTED"]


def test_the_first_answer_of_an_agent_counts_and_a_repeated_one_is_no_fault():
    bench, topics = Bench(), Topics()
    bench.step(
        [topics.flow(MESH), topics.heard("strategy", MESH, HOLD), topics.heard("strategy", MESH, HOLD)]
    )
    bench.step([topics.heard("strategy", MESH, BUY)])
    assert [each.reason for each in bench.quarantine()] == ["UNROUTED"]
    bench.step([topics.heard("risk", MESH, NOTHING), topics.heard("sentiment", MESH, NOTHING)])
    assert bench.windows()[0].winner == digest(said("strategy", MESH, HOLD))


@pytest.mark.parametrize(
    ("changed", "by", "reason"),
    [
        ({}, "risk", "KEY_NOT_VALID"),
        ({}, "arbiter", "KEY_NOT_VALID"),
        ({"account": "paper-2"}, "strategy", "MALFORMED"),
        ({"ledger": bytes(16)}, "strategy", "WRONG_LEDGER"),
        ({"contract_version": "1.0.1"}, "strategy", "MALFORMED"),
        ({"flow_hash": bytes(32)}, "strategy", "MALFORMED"),
        ({"step_id": "step-9"}, "strategy", "MALFORMED"),
    ],
)
def test_an_answer_that_does_not_fit_is_put_aside(changed, by, reason):
    bench, topics = Bench(), Topics()
    forged = seal(replace(body("strategy", MESH, BUY), **changed), signer(by))
    bench.step([topics.flow(MESH), topics.put("mesh.proposals", forged)])
    assert [each.reason for each in bench.quarantine()] == [reason]
    bench.step([topics.heard(agent, MESH, NOTHING) for agent in ("risk", "strategy", "sentiment")])
    assert bench.windows()[0].winner is None


def test_a_signature_over_other_bytes_is_put_aside():
    bench, topics = Bench(), Topics()
    envelope = said("strategy", MESH, BUY)
    other = said("strategy", MESH, HOLD)
    bench.step(
        [topics.flow(MESH), topics.put("mesh.proposals", replace(envelope, signatures=other.signatures))]
    )
    assert [each.reason for each in bench.quarantine()] == ["BAD_SIGNATURE"]


@pytest.mark.parametrize("value", [b"", b"garbage", b"\0\0\0\0\x01"])
@pytest.mark.parametrize(
    "topic", ["flows.eoam", "flows.dlpci", "mesh.proposals", "evidence.requests", "evidence.attestations"]
)
def test_garbage_on_any_input_is_put_aside(topic, value):
    bench = Bench()
    bench.step([Topics().put(topic, value)])
    assert len(bench.quarantine()) == 1
    assert bench.quarantine()[0].value == value


def test_answers_before_their_flow_are_kept_across_a_restart():
    bench, topics = Bench(), Topics()
    bench.step([topics.heard(agent, MESH, NOTHING) for agent in ("risk", "sentiment")])
    bench.step([topics.heard("strategy", MESH, BUY)])
    bench.restart()
    bench.step([topics.flow(MESH)])
    assert bench.windows()[0].winner == digest(said("strategy", MESH, BUY))
    assert bench.quarantine() == []


def test_answers_whose_flow_never_comes_are_put_aside_not_lost():
    bench = Bench()
    bench.step([Topics().heard("risk", MESH, NOTHING)])
    bench.step([], DURING + HELD_US)
    assert [each.reason for each in bench.quarantine()] == ["UNROUTED"]
    assert bench.topic.state == {}


def test_a_flow_is_forgotten_when_it_expires():
    bench = Bench()
    bench.step(mesh(risk=NOTHING, strategy=BUY, sentiment=NOTHING))
    assert len(bench.topic.state) == 1
    bench.step([], NOON + 600 * SECOND + 1)
    assert bench.topic.state == {}


def test_a_proven_claim_leaves_with_its_evidence_whatever_came_first():
    topics = Topics()
    flow, claim, finding = topics.flow(PROOF), topics.claimed(PROOF, CLAIM), topics.attested(PROOF, CLAIM)
    for order in ((flow, claim, finding), (flow, finding, claim), (finding, claim, flow)):
        bench = Bench()
        for each in order:
            bench.step([each])
        (proposal,) = bench.proposals()
        assert proposal.body == CLAIM
        assert len(proposal.attestations) == 1


def report_of(bench):
    (proposal,) = bench.proposals()
    assert signed_by(proposal.body, signer("arbiter").public)
    return proposal, opened(proposal.body, Report)


def test_a_contradicted_claim_becomes_a_report_with_the_figures():
    bench, topics = Bench(), Topics()
    lie = lying(PROOF, opened(CLAIM, Intent), quantity=Decimal(50))
    bench.step([topics.flow(PROOF), topics.claimed(PROOF, lie), topics.attested(PROOF, lie)])
    proposal, report = report_of(bench)
    assert (report.agent_id, report.reason) == ("arbiter", LaneReason.COMPLIANT_LIE_SUSPECTED)
    assert {each.name: each.value for each in report.facts} == {
        "quantity_claimed": 50,
        "quantity_expected": 5,
    }
    assert len(proposal.attestations) == 1


@pytest.mark.parametrize(
    ("claimed", "reason"), [(True, LaneReason.EVIDENCE_ABSENT), (False, LaneReason.DEADLINE)]
)
def test_a_proof_lane_that_is_silent_at_the_deadline_is_reported(claimed, reason):
    bench, topics = Bench(), Topics()
    bench.step([topics.flow(PROOF), *([topics.claimed(PROOF, CLAIM)] if claimed else [])])
    bench.step([], AT_DEADLINE)
    assert bench.proposals() == []
    bench.step([], AFTER)
    assert report_of(bench)[1].reason == reason


def test_the_provers_own_report_is_handed_on_as_it_stands():
    bench, topics = Bench(), Topics()
    report = said("prover", PROOF, NOTHING)
    bench.step([topics.flow(PROOF), topics.claimed(PROOF, report)])
    assert [each.body for each in bench.proposals()] == [report]
    bench.step([], AFTER)
    assert len(bench.proposals()) == 1


def test_a_claim_that_cannot_pass_is_handed_on_and_closes_nothing():
    bench, topics = Bench(), Topics()
    wrong = [
        lying(PROOF, opened(CLAIM, Intent), evidence=bytes(32)),
        lying(PROOF, opened(CLAIM, Intent), state_hash=bytes(32)),
        lying(PROOF, opened(CLAIM, Intent), account="paper-2"),
        seal(opened(CLAIM, Intent), signer("strategy")),
    ]
    bench.step([topics.flow(PROOF), *(topics.claimed(PROOF, each) for each in wrong)])
    assert [each.body for each in bench.proposals()] == wrong
    bench.step([topics.claimed(PROOF, CLAIM), topics.attested(PROOF, CLAIM)])
    assert bench.proposals()[-1].body == CLAIM


def test_a_flood_of_forged_claims_is_bounded():
    bench, topics = Bench(), Topics()
    forged = [lying(PROOF, opened(CLAIM, Intent), evidence=bytes([n]) * 32) for n in range(FORWARDED_MAX + 3)]
    bench.step([topics.flow(PROOF), *(topics.claimed(PROOF, each) for each in forged)])
    assert len(bench.proposals()) == FORWARDED_MAX
    assert len(bench.quarantine()) == 3


def test_a_finding_by_a_key_that_is_no_attestors_counts_for_nothing():
    bench, topics = Bench(), Topics()
    bench.step([topics.flow(PROOF), topics.claimed(PROOF, CLAIM), topics.attested(PROOF, CLAIM, by="prover")])
    assert bench.proposals() == []
    assert [each.reason for each in bench.quarantine()] == ["KEY_NOT_VALID"]
