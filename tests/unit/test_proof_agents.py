"""The prover reads instructions and nothing else; the attestor reads them again, on its own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from agents import heuristic, instructions, prover
from agents.answers import answer
from agents.opinions import Answer, Draft, Nothing
from ledger.envelope import seal
from ledger.evidence import Claim, check_proof
from ledger.hashes import evidence_hash, state_hash
from schemas.codec import encode
from schemas.models import Action, EvidenceRequest, IntentKind, Mandate, ReportKind, Side
from schemas.reasons import LaneReason, Reason
from tests.road_world import (
    ETH,
    NOON,
    SECOND,
    Pen,
    account,
    case,
    flow_of,
    grants,
    held,
    instructed,
    opened,
    signer,
)

BUY = "BUY 5 eth-usd LIMIT 321 STOP 310 TARGET 345"


def intent_of(flow):
    seen = case("prover", flow)
    return answer(seen, Answer(opinion=prover.decide(seen)), bytes(32)).body


@pytest.mark.parametrize(
    ("text", "action", "quantity", "prices"),
    [
        (BUY, Action.BUY, "5", ("321", "310", "345")),
        ("BUY 0.25 btc-usd LIMIT 4600 STOP 4300 TARGET 5200", Action.BUY, "0.25", ("4600", "4300", "5200")),
        ("SELL 1.50 eth-usd", Action.SELL, "1.5", (None, None, None)),
        ("SELL 1 eth-usd STOP 330", Action.SELL, "1", (None, "330", None)),
    ],
)
def test_a_sentence_of_the_grammar_is_read_as_it_stands(text, action, quantity, prices):
    order = instructions.read(text)
    assert isinstance(order, instructions.Order)
    assert (order.action, order.quantity) == (action, Decimal(quantity))
    wanted = tuple(None if each is None else Decimal(each) for each in prices)
    assert (order.limit_price, order.stop, order.target_price) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "BUY",
            "buy 5 eth-usd",
            "BUY 5",
            "BUY -5 eth-usd",
            "BUY 0 eth-usd",
            "BUY 05 eth-usd",
            "BUY 1e3 eth-usd",
        ),
        *("BUY 5. eth-usd", "BUY NaN eth-usd", "BUY 5 eth-usd LIMIT", "BUY 5 eth-usd TARGET 9 STOP 8"),
        *(
            "BUY 5 eth-usd LIMIT 9 LIMIT 8",
            "BUY 5  eth-usd",
            "BUY 5 eth-usd please",
            "CLOSE",
            "CLOSE eth-usd now",
        ),
        *(
            "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 30",
            "WORK BUY 5 eth-usd BETWEEN 330 AND 310 FOR 30 MINUTES",
            "WORK BUY 0 eth-usd BETWEEN 310 AND 330 FOR 30 MINUTES",
            "WORK BUY 5 eth-usd BETWEEN 0 AND 330 FOR 30 MINUTES",
            "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 0 MINUTES",
            "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 1441 MINUTES",
            "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 030 MINUTES",
            "WORK CLOSE 5 eth-usd BETWEEN 310 AND 330 FOR 30 MINUTES",
            "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 30 MINUTES now",
            "WORK",
        ),
        *("HALT eth-usd", "BUY ٥ eth-usd", "BUY 5 eth-usd " + "X" * 200, "BUY 0.1234567890123456789 eth-usd"),
    ],
)
def test_anything_else_is_unreadable(text):
    assert isinstance(instructions.read(text), instructions.NotRead)


def test_an_unreadable_instruction_is_reported_by_name_and_place():
    opinion = prover.decide(case("prover", instructed("BUY five eth-usd")))
    assert isinstance(opinion, Nothing)
    assert (opinion.kind, opinion.reason) == (ReportKind.REFUSED, LaneReason.UNREADABLE_INSTRUCTION)
    assert [(each.name, each.value) for each in opinion.facts] == [("word", Decimal(1))]


@pytest.mark.parametrize(
    "flow",
    [
        instructed("CLOSE eth-usd", signed_text="CLOSE btc-usd"),
        instructed("BUY 1 btc-usd"),
        flow_of(opened("prover")),
    ],
)
def test_a_text_that_the_principal_did_not_sign_is_never_followed(flow):
    assert prover.decide(case("prover", flow)).reason is LaneReason.UNREADABLE_INSTRUCTION


def test_closing_names_what_is_held_and_without_a_position_nothing():
    flow = instructed("CLOSE eth-usd")
    assert prover.decide(case("prover", flow)).reason is LaneReason.NO_EDGE
    snapshot = replace(flow.opened.snapshot, account=account(held("10", reserved=Decimal(3))))
    holding = flow_of(replace(flow.opened, snapshot=snapshot), text="CLOSE eth-usd")
    opinion = prover.decide(case("prover", holding))
    assert isinstance(opinion, Draft)
    assert (opinion.action, opinion.quantity) == (Action.CLOSE, Decimal(7))


def test_the_claim_binds_exactly_what_was_seen():
    flow = instructed(BUY)
    intent = intent_of(flow)
    snapshot = flow.opened.snapshot
    h_contract = flow.opened.woken[0].contract_hash
    h_state = state_hash(encode(snapshot))
    assert intent.kind is IntentKind.PCI
    assert intent.evidence == evidence_hash(flow.opened.dfid, h_state, h_contract, snapshot.rules_hash)
    assert intent_of(flow) == intent


def attested(flow, intent):
    request = EvidenceRequest(flow=flow.record, intent=Pen("prover").seal(intent))
    return request, heuristic.attest(request, flow.opened, intent)


def test_a_true_claim_is_attested_and_proven():
    flow, registry = instructed(BUY), grants()
    _, finding = attested(flow, intent_of(flow))
    assert finding.agrees
    assert finding.facts == ()
    claim = Claim(
        flow=flow.opened,
        h_flow=flow.h_flow,
        intent=intent_of(flow),
        digest=finding.intent_digest,
        contract_hash=flow.opened.woken[0].contract_hash,
        rules_hash=flow.opened.snapshot.rules_hash,
        attestations=(seal(finding, signer("heuristic")),),
        tiers=("heuristic",),
        keys=registry.registry.keys,
        seq=registry.registry.seq,
    )
    assert check_proof(claim) == ()
    assert check_proof(replace(claim, attestations=())) == (Reason.EVIDENCE_MISSING,)


@pytest.mark.parametrize(
    ("lie", "facts"),
    [
        ({"quantity": Decimal(50)}, {"quantity_claimed": 50, "quantity_expected": 5}),
        ({"action": Action.SELL}, {"action_differs": 1}),
        ({"instrument": "btc-usd"}, {"instrument_differs": 1}),
        ({"limit_price": None}, {"limit_price_claimed": -1, "limit_price_expected": 321}),
        ({"stop": Decimal(1)}, {"stop_claimed": 1, "stop_expected": 310}),
    ],
)
def test_a_lie_is_contradicted_with_its_figures(lie, facts):
    flow = instructed(BUY)
    _, finding = attested(flow, replace(intent_of(flow), **lie))
    assert not finding.agrees
    assert {each.name: each.value for each in finding.facts} == facts


def test_a_claim_about_an_unreadable_instruction_is_never_agreed_to():
    readable = instructed(BUY)
    _, finding = attested(instructed("BUY some eth-usd"), intent_of(readable))
    assert not finding.agrees
    assert finding.facts[0].name == "unread"


@pytest.mark.parametrize("text", [BUY, "SELL 1.50 eth-usd", "CLOSE eth-usd", "BUY 5 eth-usd STOP 1 TARGET 2"])
def test_the_two_readers_agree_on_what_they_both_read(text):
    flow = instructed(text)
    snapshot = replace(flow.opened.snapshot, account=account(held("10")))
    flow = flow_of(replace(flow.opened, snapshot=snapshot), text=text)
    _, finding = attested(flow, intent_of(flow))
    assert finding.agrees
    assert intent_of(flow).instrument == ETH


# -- a frame for child flows -------------------------------------------------------------------------------

WORK = "WORK BUY 5 eth-usd BETWEEN 310 AND 330.5 FOR 30 MINUTES"


def test_a_frame_is_read_word_for_word_and_runs_from_when_it_was_said():
    intent = intent_of(instructed(WORK))
    assert (intent.action, intent.instrument, intent.quantity) == (Action.MANDATE, ETH, Decimal(5))
    assert (intent.limit_price, intent.stop, intent.target_price) == (None, None, None)
    said_at = NOON - SECOND  # of the signed instruction
    assert intent.mandate == Mandate(
        side=Side.BUY, price_low=Decimal(310), price_high=Decimal("330.5"), expires_at=said_at + 1800 * SECOND
    )


def test_a_frame_that_was_over_before_it_was_read_is_not_proposed():
    flow = instructed(WORK)
    late = replace(flow.opened.snapshot, taken_at=NOON + 1800 * SECOND)
    opinion = prover.decide(case("prover", flow_of(replace(flow.opened, snapshot=late), text=WORK)))
    assert isinstance(opinion, Nothing)
    assert (opinion.kind, opinion.reason) == (ReportKind.NO_PROPOSAL, LaneReason.OUTSIDE_MANDATE)
    assert [(each.name, each.value) for each in opinion.facts] == [("late_us", Decimal(SECOND))]


@pytest.mark.parametrize(
    "text",
    [
        WORK,
        "WORK SELL 1.50 eth-usd BETWEEN 310 AND 310 FOR 1440 MINUTES",
        "WORK BUY 5 eth-usd BETWEEN 330 AND 310 FOR 30 MINUTES",
        "WORK BUY 0 eth-usd BETWEEN 310 AND 330 FOR 30 MINUTES",
        "WORK BUY 5 eth-usd BETWEEN 0 AND 330 FOR 30 MINUTES",
        "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 1441 MINUTES",
        "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 05 MINUTES",
        "WORK BUY 5 eth-usd BETWEEN 310 AND 330 FOR 30 MINUTES LIMIT 5",
    ],
)
def test_the_two_readers_agree_on_which_frames_can_be_read(text):
    flow = instructed(text)
    opinion, expected = prover.decide(case("prover", flow)), heuristic.baseline(flow.opened, flow.record)
    assert isinstance(opinion, Draft) is (expected is not None)
    if isinstance(opinion, Draft):
        _, finding = attested(flow, intent_of(flow))
        assert finding.agrees


@pytest.mark.parametrize(
    "lie",
    [
        {"side": Side.SELL},
        {"price_low": Decimal(1)},
        {"price_high": Decimal(331)},
        {"expires_at": NOON + 3600 * SECOND},
    ],
)
def test_a_wider_frame_than_the_one_instructed_is_contradicted(lie):
    flow = instructed(WORK)
    intent = intent_of(flow)
    _, finding = attested(flow, replace(intent, mandate=replace(intent.mandate, **lie)))
    assert not finding.agrees
    assert [each.name for each in finding.facts] == ["mandate_differs"]
    _, bare = attested(flow, replace(intent, mandate=None))
    assert not bare.agrees
