"""Gates 1, 2, 7, 8 and 12 on the very edge: what is signed, meant, granted, seen and there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kernel.case import Case
from kernel.gates.authority import authority
from kernel.gates.evidence import evidence
from kernel.gates.idempotency import idempotency
from kernel.gates.integrity import integrity
from kernel.gates.reservation import reservation
from kernel.gates.shape import ANSWERS_MAX, SKEW_US, STEPS_MAX, WOKEN_MAX, malformed
from kernel.ruling import Duplicate, Refusal
from kernel.state.accounts import OPEN_MAX, Held, Order
from kernel.state.memory import HORIZON_US, Memory, Prior
from ledger.envelope import digest, seal
from ledger.evidence import ATTESTATIONS_MAX
from ledger.hashes import contract_hash, dfid, state_hash
from ledger.intents import key_of_intent
from rules.contract import Authority
from rules.contract_json import canonical
from schemas import models as m
from schemas.codec import encode
from schemas.reasons import LaneReason, Reason
from tests.build import ETH, signer
from tests.gate_bench import (
    BTC,
    SDS,
    A,
    D,
    approved,
    at,
    case_of,
    judged,
    known,
    later,
    meant,
    name,
    of_account,
    said,
    seen,
    under,
    viewed,
    world,
)  # fmt: skip


def sent(flow: m.FlowOpened, **changes: Any) -> Case:
    """A case whose signed intent carries the changes, so that gate 1 sees them."""
    found = world()
    action = changes.pop("action", A.BUY)
    return judged(found, flow, seal(found.intent(flow, action, **changes), signer(SDS)))


# -- gate 1: shape -----------------------------------------------------------------------------------------


def shaped(**changes: Any) -> bool:
    return malformed(sent(world().flow(), **changes))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, False),
        ({"quantity": D(0)}, True),
        ({"quantity": D("0.0001")}, False),
        ({"quantity": D("0.00015")}, True),  # off its lot
        ({"quantity": D("0.000000000000000001")}, True),
        ({"limit_price": D(0)}, True),
        ({"limit_price": D("0.01")}, False),
        ({"stop": D(0)}, True),
        ({"target_price": D(-1)}, True),
        ({"confidence": D(0)}, False),
        ({"confidence": D(1)}, False),
        ({"confidence": D("1.000000000000000001")}, True),
        ({"confidence": D("-0.000000000000000001")}, True),
        ({"drift_envelope_bps": D(0)}, False),
        ({"drift_envelope_bps": D("-0.01")}, True),
        ({"instrument": None}, True),
        ({"instrument": "BTC"}, True),
        ({"step_id": "s2"}, True),
        ({"attempt": 2}, True),
        ({"dfid": bytes(16)}, True),
        ({"action": A.CLOSE, "quantity": D(0)}, False),
        ({"action": A.CLOSE, "quantity": D(1)}, False),
        ({"action": A.CLOSE, "quantity": D(-1)}, True),
        ({"action": A.CLOSE, "instrument": None}, True),
        ({"action": A.CANCEL}, True),
        ({"action": A.CANCEL, "target": bytes(32), "instrument": None}, False),
        ({"action": A.HOLD}, False),
        ({"action": A.HOLD, "quantity": D(1)}, True),
        ({"action": A.HALT}, False),
        ({"action": A.HALT, "quantity": D(1)}, True),
        ({"action": A.MANDATE, "quantity": D(1)}, False),
        ({"action": A.MANDATE, "quantity": D(0)}, True),
        ({"action": A.MANDATE, "instrument": None, "quantity": D(1)}, True),
        ({"action": A.MANDATE, "quantity": D(1), "mandate": None}, True),
        ({"action": A.MANDATE, "quantity": D(1), "limit_price": D(1)}, True),
        ({"action": A.MANDATE, "quantity": D(1), "stop": D(1)}, True),
        ({"action": A.MANDATE, "quantity": D(1), "target_price": D(1)}, True),
        ({"action": A.SELL, "quantity": D(0)}, True),
        ({"action": A.SELL, "instrument": None}, True),
    ],
)
def test_an_intent_means_its_action_or_nothing(changes: dict[str, Any], refused: bool) -> None:
    assert shaped(**changes) is refused


def test_an_intent_ends_not_before_it_begins_and_not_after_its_flow() -> None:
    flow = world().flow()
    assert not malformed(sent(flow, valid_from=flow.flow_expires_at))
    assert malformed(sent(flow, valid_from=flow.flow_expires_at + 1))
    assert malformed(sent(flow, valid_until=flow.flow_expires_at + 1))
    assert not malformed(sent(flow, valid_from=5, valid_until=5))
    assert malformed(sent(flow, valid_from=6, valid_until=5))


def strange_flow(**changes: Any) -> bool:
    flow = replace(world().flow(), **changes)
    return malformed(sent(flow))


def names(count: int) -> tuple[str, ...]:
    return ("s1", *(f"x{number}" for number in range(count - 1)))


def woken(count: int) -> tuple[m.WokenAgent, ...]:
    (first,) = world().flow().woken
    return (first, *(replace(first, agent_id=f"a{number}") for number in range(count - 1)))


def test_a_flow_is_bounded_in_everything() -> None:
    honest = world().flow()
    event = honest.trigger.event_time
    cases: list[tuple[dict[str, Any], bool]] = [
        ({}, False),
        ({"dfid": bytes(16)}, True),
        ({"attempt": 0}, True),
        ({"steps": ()}, True),
        ({"steps": names(STEPS_MAX)}, False),
        ({"steps": names(STEPS_MAX + 1)}, True),
        ({"steps": ("s1", "S1")}, True),
        ({"account": "PAPER"}, True),
        ({"woken": woken(WOKEN_MAX)}, False),
        ({"woken": woken(WOKEN_MAX + 1)}, True),
        ({"woken": woken(1) * 2}, True),
        ({"deadline": honest.snapshot.taken_at}, False),
        ({"deadline": honest.snapshot.taken_at - 1}, True),
        ({"flow_expires_at": honest.deadline - 1}, True),
        ({"flow_expires_at": event + HORIZON_US}, False),
        ({"flow_expires_at": event + HORIZON_US + 1}, True),
    ]
    for changes, refused in cases:
        assert strange_flow(**changes) is refused, changes
    equal = replace(honest, deadline=honest.flow_expires_at)
    assert not malformed(sent(equal))


def test_the_bounds_are_these() -> None:
    assert (WOKEN_MAX, STEPS_MAX, ANSWERS_MAX, SKEW_US) == (8, 32, 16, 5_000_000)


def nobody_won(flow: m.FlowOpened, **changes: Any) -> Case:
    """A window of two who had nothing to propose."""
    found = world()
    window = found.window(flow, [found.report(flow, "strategy"), found.report(flow, "risk")])
    return judged(found, flow, seal(replace(window, **changes), signer("arbiter")))


def test_nobody_woken_or_nothing_to_decide_is_no_flow() -> None:
    assert malformed(seen(case_of(), woken=()))
    case = nobody_won(world().flow(("strategy", "risk")))
    assert not malformed(case)
    assert malformed(seen(case, steps=()))


def test_a_winner_that_is_no_answer_is_malformed() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    foreign = seal(flow, signer("strategy"))
    window = found.window(flow, [found.report(flow, "strategy"), found.report(flow, "risk")])
    odd = replace(window, answers=(foreign,), winner=digest(foreign))
    assert malformed(judged(found, flow, seal(odd, signer("arbiter"))))


def test_a_quote_may_be_five_seconds_ahead_of_its_context() -> None:
    flow = world().flow()
    ahead = flow.snapshot.taken_at + SKEW_US
    assert not malformed(viewed(case_of(flow=flow), quote_time=ahead))
    assert malformed(viewed(case_of(flow=flow), quote_time=ahead + 1))
    assert not malformed(viewed(case_of(flow=flow), quote_time=None))
    (view,) = flow.snapshot.instruments
    both = (view, replace(view, instrument=ETH, quote_time=ahead + 1))
    assert malformed(seen(case_of(flow=flow), snapshot=replace(flow.snapshot, instruments=both)))


def test_attestations_and_answers_are_bounded() -> None:
    case = case_of()
    word = case.claim.body
    for count, refused in ((ATTESTATIONS_MAX, False), (ATTESTATIONS_MAX + 1, True)):
        assert malformed(replace(case, claim=replace(case.claim, attestations=(word,) * count))) is refused
    found = world()
    flow = found.flow(("strategy", "risk"))
    window = found.window(flow, [found.intent(flow), found.report(flow, "risk")])
    for count, refused in ((ANSWERS_MAX, False), (ANSWERS_MAX + 1, True)):
        full = replace(window, answers=(window.answers[0],) * count)
        assert malformed(judged(found, flow, seal(full, signer("arbiter")))) is refused


def test_a_window_without_its_winner_is_arbitrations_to_refuse() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    window = found.window(flow, [found.intent(flow), found.report(flow, "risk")])
    lost = judged(found, flow, seal(replace(window, winner=bytes(32)), signer("arbiter")))
    assert not malformed(lost)
    assert name(integrity(lost)) == "WINDOW_MISMATCH"


@pytest.mark.parametrize("changes", [{"dfid": bytes(16)}, {"attempt": 2}, {"step_id": "s9"}])
def test_a_report_belongs_to_its_flow_attempt_and_step(changes: dict[str, Any]) -> None:
    found = world()
    flow = found.flow()
    report = found.report(flow, SDS)
    assert not malformed(judged(found, flow, seal(report, signer(SDS))))
    assert malformed(judged(found, flow, seal(replace(report, **changes), signer(SDS))))


# -- gate 1: who, where, which -----------------------------------------------------------------------------


def test_every_part_must_name_this_ledger() -> None:
    found = world()
    flow = found.flow(ledger=bytes(16))
    woke = flow.trigger
    own = dfid(bytes(16), woke.source, woke.signal_id, flow.account, flow.decision_class)
    flow = replace(flow, dfid=own)
    assert name(integrity(sent(flow, ledger=found.kernel.state.identity.ledger))) == "WRONG_LEDGER"
    mesh = found.flow(("strategy", "risk"))
    window = found.window(mesh, [found.intent(mesh), found.report(mesh, "risk")], ledger=bytes(16))
    assert name(integrity(judged(found, mesh, seal(window, signer("arbiter"))))) == "WRONG_LEDGER"
    lone = found.flow()
    report = replace(found.report(lone, SDS), ledger=bytes(16))
    assert name(integrity(judged(found, lone, seal(report, signer(SDS))))) == "WRONG_LEDGER"


def test_officials_speak_for_a_lane_and_propose_nothing() -> None:
    found = world()
    flow = found.flow()
    silent = found.report(flow, "selector", m.ReportKind.REFUSED, LaneReason.NO_ANSWER)
    assert integrity(judged(found, flow, seal(silent, signer("selector")))) is None
    intent = found.intent(flow, agent_id=SDS)
    as_selector = replace(intent, agent_id="selector")
    assert name(integrity(judged(found, flow, seal(as_selector, signer("selector"))))) == "UNKNOWN_AGENT"
    nobody = replace(silent, agent_id="nobody")
    assert name(integrity(judged(found, flow, seal(nobody, signer("selector"))))) == "UNKNOWN_AGENT"


def test_an_agent_without_an_accepted_hello_has_no_version() -> None:
    case = case_of()
    assert integrity(case) is None
    assert name(integrity(at(case, case.now, manifests={}))) == "VERSION_MISMATCH"
    other = {SDS: {"1.0.0": bytes(32)}}
    assert name(integrity(at(case, case.now, manifests=other))) == "VERSION_MISMATCH"
    assert name(integrity(replace(case, grant=None))) == "VERSION_MISMATCH"


def test_a_lane_takes_its_own_kind_from_agents_of_that_lane() -> None:
    case = case_of()
    assert name(integrity(sent(world().flow(), lane=m.Lane.EOAM))) == "WRONG_LANE"
    assert name(integrity(sent(world().flow(), kind=m.IntentKind.POLICY))) == "WRONG_LANE"
    assert name(integrity(under(case, topologies=(m.Lane.EOAM,)))) == "WRONG_LANE"
    found = world()
    flow = found.flow()
    report = found.report(flow, SDS)
    assert integrity(judged(found, flow, seal(report, signer(SDS)))) is None
    window = found.window(flow, [found.intent(flow)])
    assert name(integrity(judged(found, flow, seal(window, signer("arbiter"))))) == "WRONG_LANE"


def test_the_selector_may_speak_for_a_silent_mesh_without_a_window() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    report = found.report(flow, "selector", m.ReportKind.REFUSED, LaneReason.NO_ANSWER)
    assert integrity(judged(found, flow, seal(report, signer("selector")))) is None


def test_every_part_must_name_the_flows_account_and_it_must_live_here() -> None:
    found, case = world(), case_of()
    assert name(integrity(replace(case, account=None))) == "WRONG_ACCOUNT"
    flow = found.flow()
    report = replace(found.report(flow, SDS), account="paper-2")
    assert name(integrity(judged(found, flow, seal(report, signer(SDS))))) == "WRONG_ACCOUNT"
    mesh = found.flow(("strategy", "risk"))
    window = found.window(mesh, [found.intent(mesh), found.report(mesh, "risk")], account="paper-2")
    assert name(integrity(judged(found, mesh, seal(window, signer("arbiter"))))) == "WRONG_ACCOUNT"
    elsewhere = at(case, case.now)
    elsewhere.state.identity = replace(case.state.identity, shards=2, shard=1)
    mine = elsewhere.state.ours("paper-1")
    elsewhere.state.identity = replace(case.state.identity, shards=2, shard=int(mine) ^ 1)
    assert elsewhere.state.ours("paper-1") is False
    assert name(integrity(elsewhere)) == "WRONG_ACCOUNT"


def test_signatures_are_one_each_of_a_key_bound_to_its_author() -> None:
    found, flow = world(), world().flow()
    good = seal(found.intent(flow), signer(SDS))
    for body, wanted in (
        (good, None),
        (replace(good, signatures=()), "KEY_NOT_VALID"),
        (replace(good, signatures=good.signatures * 2), "KEY_NOT_VALID"),
        (seal(found.intent(flow), signer("prover")), "KEY_NOT_VALID"),  # an agent's key, bound to another
        (seal(found.intent(flow), signer("operator")), "KEY_NOT_VALID"),
        (replace(good, signatures=(replace(good.signatures[0], sig=bytes(64)),)), "BAD_SIGNATURE"),
    ):
        answer = integrity(judged(found, flow, body))
        assert name(answer) == wanted
        assert answer is None or (isinstance(answer, Refusal) and answer.unsigned)


def test_a_context_that_is_in_the_ledger_was_checked_there() -> None:
    found, flow = world(), world().flow()
    forged = seal(flow, signer("stranger"))
    case = case_of(flow=flow)
    unknown = replace(case, claim=replace(case.claim, flow_envelope=forged))
    assert name(integrity(unknown)) == "KEY_NOT_VALID"
    assert integrity(known(unknown)) is None
    assert name(integrity(known(unknown, contexts=[bytes(32)]))) == "KEY_NOT_VALID"
    assert found is world()


def mesh_case(answers: Callable[[m.FlowOpened], list[m.Envelope]], **changes: Any) -> Case:
    """A window of the mesh whose answers are these envelopes."""
    found = world()
    flow = found.flow(("strategy", "risk"))
    window = found.window(flow, [found.intent(flow), found.report(flow, "risk")])
    body = replace(window, answers=tuple(answers(flow)), **changes)
    return judged(found, flow, seal(body, signer("arbiter")))


def honest_answers(flow: m.FlowOpened) -> list[m.Envelope]:
    found = world()
    return [seal(found.intent(flow), signer("strategy")), seal(found.report(flow, "risk"), signer("risk"))]


def test_every_answer_in_a_window_is_signed_by_its_own_author() -> None:
    assert integrity(mesh_case(honest_answers)) is None

    def forged(flow: m.FlowOpened) -> list[m.Envelope]:
        first, second = honest_answers(flow)
        return [first, replace(second, signatures=(replace(second.signatures[0], sig=bytes(64)),))]

    def borrowed(flow: m.FlowOpened) -> list[m.Envelope]:
        return [honest_answers(flow)[0], seal(world().report(flow, "risk"), signer("strategy"))]

    def unread(flow: m.FlowOpened) -> list[m.Envelope]:
        return [honest_answers(flow)[0], seal(flow, signer("risk"))]

    for answers, wanted in ((forged, "BAD_SIGNATURE"), (borrowed, "KEY_NOT_VALID"), (unread, "MALFORMED")):
        answer = integrity(mesh_case(answers))
        assert name(answer) == wanted
        assert isinstance(answer, Refusal)
        assert not answer.unsigned  # the arbiter's own signature holds, so it binds him


def test_attestations_are_signed_by_the_attestor_they_name() -> None:
    found = world()
    flow = found.flow(("prover",))
    body = seal(found.intent(flow), signer("prover"))
    good = found.attest(flow, body)
    for word, wanted in (
        (good, None),
        (found.attest(flow, body, by="prover"), "KEY_NOT_VALID"),
        (found.attest(flow, body, attestor_id="another"), "KEY_NOT_VALID"),
        (replace(good, signatures=(replace(good.signatures[0], sig=bytes(64)),)), "BAD_SIGNATURE"),
        (body, "MALFORMED"),
    ):
        assert name(integrity(judged(found, flow, body, [word]))) == wanted


def test_a_window_is_signed_by_the_arbiter() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    window = found.window(flow, [found.intent(flow), found.report(flow, "risk")])
    assert name(integrity(judged(found, flow, seal(window, signer("selector"))))) == "KEY_NOT_VALID"
    assert name(integrity(judged(found, flow, seal(window, signer("strategy"))))) == "KEY_NOT_VALID"


def test_a_report_names_its_version_and_its_lane_like_an_intent() -> None:
    found = world()
    flow = found.flow()
    report = found.report(flow, SDS)
    for changes, wanted in (
        ({"contract_version": "2.0.0"}, "VERSION_MISMATCH"),
        ({"lane": m.Lane.EOAM}, "WRONG_LANE"),
    ):
        body = seal(replace(report, **changes), signer(SDS))
        assert name(integrity(judged(found, flow, body))) == wanted


def test_an_arbiter_may_report_without_a_window_and_never_with_one_on_another_lane() -> None:
    found = world()
    mesh = found.flow(("strategy", "risk"))
    report = found.report(mesh, "arbiter", m.ReportKind.REFUSED, LaneReason.NO_ANSWER)
    assert integrity(judged(found, mesh, seal(report, signer("arbiter")))) is None
    flow = found.flow()
    window = found.window(flow, [found.report(flow, SDS)])
    assert name(integrity(judged(found, flow, seal(window, signer("arbiter"))))) == "WRONG_LANE"


def test_an_agent_that_calls_itself_arbiter_breaks_nothing() -> None:
    case = nobody_won(world().flow(("strategy", "risk")))
    assert integrity(case) is None
    assert integrity(replace(case, woken=case.flow.woken[0])) is None


def test_the_first_fault_in_the_order_of_the_law_is_the_one_that_is_said() -> None:
    found = world()
    flow = found.flow()
    wrong = {"quantity": D(-1), "ledger": bytes(16), "agent_id": "nobody", "contract_version": "9.0.0",
             "lane": m.Lane.EOAM, "account": "paper-2"}  # fmt: skip
    order = ["MALFORMED", "WRONG_LEDGER", "UNKNOWN_AGENT", "BAD_SIGNATURE", "VERSION_MISMATCH", "WRONG_LANE",
             "WRONG_ACCOUNT"]  # fmt: skip
    for index, wanted in enumerate(order):
        faults = list(wrong)
        left = {fault: wrong[fault] for fault in faults[index - (index > 3) :]}
        body = replace(found.intent(flow), **left)
        sealed = seal(body, signer(SDS))
        if index <= 3:
            sealed = replace(sealed, signatures=(replace(sealed.signatures[0], sig=bytes(64)),))
        answer = integrity(judged(found, flow, sealed))
        assert name(answer) == wanted
        assert isinstance(answer, Refusal)
        assert answer.unsigned is (index <= 3)
    mesh = found.flow(("strategy", "risk"))
    window = found.window(mesh, [found.intent(mesh), found.report(mesh, "risk")], winner=None)
    elsewhere = replace(window, account="paper-2")
    assert name(integrity(judged(found, mesh, seal(elsewhere, signer("arbiter"))))) == "WRONG_ACCOUNT"
    assert name(integrity(judged(found, mesh, seal(window, signer("arbiter"))))) == "WINDOW_MISMATCH"


def test_a_fault_inside_a_window_is_said_before_its_winners_version() -> None:
    def forged(flow: m.FlowOpened) -> list[m.Envelope]:
        old = replace(world().intent(flow), contract_version="9.0.0")
        first, second = seal(old, signer("strategy")), honest_answers(flow)[1]
        return [first, replace(second, signatures=(replace(second.signatures[0], sig=bytes(64)),))]

    found = world()
    flow = found.flow(("strategy", "risk"))
    answers = forged(flow)
    window = found.window(flow, [found.intent(flow), found.report(flow, "risk")])
    body = replace(window, answers=tuple(answers), winner=digest(answers[0]))
    assert name(integrity(judged(found, flow, seal(body, signer("arbiter"))))) == "BAD_SIGNATURE"


# -- gate 1: windows ---------------------------------------------------------------------------------------


def test_a_window_is_of_this_flow_context_and_attempt() -> None:
    for changes in ({"dfid": bytes(16)}, {"flow_hash": bytes(32)}, {"attempt": 2}, {"winner": None},
                    {"reason": int(LaneReason.NO_EDGE)}):  # fmt: skip
        assert name(integrity(mesh_case(honest_answers, **changes))) == "WINDOW_MISMATCH", changes


@pytest.mark.parametrize("changes", [{"dfid": bytes(16)}, {"flow_hash": bytes(32)}, {"attempt": 2}])
def test_a_window_and_its_answers_may_not_both_be_of_another_flow(changes: dict[str, Any]) -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    reports = [replace(found.report(flow, agent), **changes) for agent in ("strategy", "risk")]
    body = replace(found.window(flow, reports), **changes)
    assert name(integrity(judged(found, flow, seal(body, signer("arbiter"))))) == "WINDOW_MISMATCH"


@pytest.mark.parametrize("changes", [{"dfid": bytes(16)}, {"flow_hash": bytes(32)}, {"attempt": 2}])
def test_an_answer_is_of_this_flow_context_and_attempt(changes: dict[str, Any]) -> None:
    def answers(flow: m.FlowOpened) -> list[m.Envelope]:
        report = replace(world().report(flow, "risk"), **changes)
        return [honest_answers(flow)[0], seal(report, signer("risk"))]

    assert name(integrity(mesh_case(answers))) == "WINDOW_MISMATCH"


def test_nobody_answers_twice_or_uninvited() -> None:
    def twice(flow: m.FlowOpened) -> list[m.Envelope]:
        return [*honest_answers(flow), honest_answers(flow)[1]]

    def uninvited(flow: m.FlowOpened) -> list[m.Envelope]:
        return [*honest_answers(flow), seal(world().report(flow, SDS), signer(SDS))]

    assert name(integrity(mesh_case(twice))) == "WINDOW_MISMATCH"
    assert name(integrity(mesh_case(uninvited))) == "WINDOW_MISMATCH"


def test_a_window_closes_when_all_have_answered_or_after_its_deadline() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    hold = [found.intent(flow, A.HOLD, agent_id="risk")]
    short = judged(found, flow, seal(found.window(flow, hold), signer("arbiter")))
    assert name(integrity(short)) == "WINDOW_MISMATCH"  # it says it is complete
    window = found.window(flow, hold, m.WindowKind.DEADLINE)
    early = judged(found, flow, seal(window, signer("arbiter")))
    assert name(integrity(at(early, flow.deadline))) == "WINDOW_MISMATCH"
    assert integrity(at(early, flow.deadline + 1)) is None


def late(*answers: m.Intent | m.Report, flow: m.FlowOpened, **changes: Any) -> Case:
    found = world()
    window = found.window(flow, answers, m.WindowKind.LATE, **changes)
    return judged(found, flow, seal(window, signer("arbiter")))


def test_only_one_halt_of_a_veto_agent_may_come_late() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    halt = found.intent(flow, A.HALT, agent_id="risk")
    assert integrity(late(halt, flow=flow)) is None
    weak = found.intent(flow, A.HALT, agent_id="strategy")
    for case in (
        late(halt, found.report(flow, "strategy"), flow=flow),
        late(halt, flow=flow, winner=bytes(32)),
        late(found.intent(flow, A.HOLD, agent_id="risk"), flow=flow),
        late(weak, flow=flow, winner=digest(seal(weak, signer("strategy")))),
    ):
        assert name(integrity(case)) == "WINDOW_MISMATCH"


# -- gate 2 ------------------------------------------------------------------------------------------------


def before(case: Case, verdict: m.Verdict, reason: int = 0, key: bytes | None = None) -> Case:
    found = at(case, case.now)
    prior = Prior(dfid=case.flow.dfid, verdict=verdict, reason=reason, key=key, seq=1)
    found.state.memory = Memory(priors={case.claim.digest: prior})
    return found


def test_a_redelivery_gets_the_verdict_it_got() -> None:
    case = case_of()
    found = idempotency(before(case, m.Verdict.REJECTED, int(Reason.MAX_LOSS), b"k"))
    assert found == Duplicate(verdict=m.Verdict.REJECTED, reason=Reason.MAX_LOSS, key=b"k")
    reported = idempotency(before(case, m.Verdict.REPORTED, int(LaneReason.NO_EDGE)))
    assert reported == Duplicate(verdict=m.Verdict.REPORTED, reason=Reason.NONE, key=None)
    assert idempotency(approved(before(case, m.Verdict.ESCALATED))) is None


def test_a_new_flow_begins_with_its_first_attempt() -> None:
    case = case_of()
    assert idempotency(case) is None
    assert said(idempotency(seen(case, attempt=2))) == ("ATTEMPT_CLOSED", {})


def test_the_same_step_meant_twice_is_one_order_and_meant_otherwise_is_refused() -> None:
    case = case_of()
    assert case.intent is not None
    key = key_of_intent(case.intent)
    taken = known(case, steps={"s1": key}, status=m.FlowStatus.EXECUTING)
    assert idempotency(taken) == Duplicate(verdict=m.Verdict.ACCEPTED, reason=Reason.NONE, key=key)
    waiting = known(case, steps={"s1": key}, status=m.FlowStatus.ESCALATED)
    assert idempotency(waiting) == Duplicate(verdict=m.Verdict.ESCALATED, reason=Reason.NONE, key=key)
    assert said(idempotency(known(case, steps={"s1": bytes(32)}))) == ("STEP_ALREADY_DECIDED", {})
    assert idempotency(known(case, steps={"s2": key})) is None


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, None),
        ({"open_attempt": 2}, "ATTEMPT_CLOSED"),
        ({"status": m.FlowStatus.CLOSED}, "FLOW_CLOSED"),
        ({"status": m.FlowStatus.ABORTED}, "FLOW_CLOSED"),
        ({"status": m.FlowStatus.REJECTED}, "FLOW_CLOSED"),
        ({"status": m.FlowStatus.REJECTED, "reopens": True}, None),
        ({"status": m.FlowStatus.ESCALATED}, "FLOW_CLOSED"),
        ({"status": m.FlowStatus.EXECUTING}, "FLOW_CLOSED"),
        ({"status": m.FlowStatus.SUSPENDED}, "FLOW_CLOSED"),
        ({"status": m.FlowStatus.EXHAUSTED, "exhausted": True, "open_attempt": 3}, None),
    ],
)
def test_an_answer_is_taken_to_the_open_attempt_of_a_living_flow(
    fields: dict[str, Any], wanted: str | None
) -> None:
    assert name(idempotency(known(case_of(), **fields))) == wanted


def test_a_report_is_closed_out_of_an_exhausted_flow_and_a_halt_out_of_nothing() -> None:
    found, flow = world(), world().flow()
    report = judged(found, flow, seal(found.report(flow, SDS), signer(SDS)))
    gone = {"status": m.FlowStatus.EXHAUSTED, "exhausted": True, "open_attempt": 3}
    assert name(idempotency(known(report, **gone))) == "ATTEMPT_CLOSED"
    assert idempotency(known(report)) is None
    halt = case_of(A.HALT)
    assert idempotency(known(halt, status=m.FlowStatus.CLOSED, open_attempt=2)) is None


# -- gate 7 ------------------------------------------------------------------------------------------------


def test_forbidden_beats_allowed_and_what_is_not_allowed_is_forbidden() -> None:
    case = case_of()
    assert authority(case) is None
    assert name(authority(under(case, forbidden_actions=(A.BUY,)))) == "ACTION_FORBIDDEN"
    assert name(authority(under(case, allowed_actions=(A.HOLD,)))) == "ACTION_FORBIDDEN"


def test_an_instrument_is_granted_by_name_and_traded_on_terms() -> None:
    case = case_of()
    assert name(authority(under(case, allowed_instruments=(ETH,)))) == "UNAUTHORIZED_INSTRUMENT"
    unknown = under(meant(case, instrument="doge-usd"), allowed_instruments=("doge-usd",))
    assert name(authority(unknown)) == "UNAUTHORIZED_INSTRUMENT"
    assert name(authority(under(case, accounts=("paper-2",)))) == "UNAUTHORIZED_ACCOUNT"


def test_levels_kinds_and_vetoes_bound_what_may_be_asked() -> None:
    case = case_of()
    assert name(authority(under(case, outputs=(m.IntentKind.PCI,)))) == "AUTHORITY_EXCEEDED"
    assert name(authority(under(case, authority=Authority.OBSERVE))) == "AUTHORITY_EXCEEDED"
    assert authority(under(case_of(A.HOLD), authority=Authority.OBSERVE)) is None
    halt = under(case_of(A.HALT), allowed_actions=(A.HALT,), forbidden_actions=(), veto=True)
    assert authority(halt) is None
    assert authority(under(halt, authority=Authority.OBSERVE)) is None
    assert name(authority(under(halt, veto=False))) == "AUTHORITY_EXCEEDED"


# -- gate 8 ------------------------------------------------------------------------------------------------


def test_a_body_is_bound_to_its_context_and_the_ledger_to_one_context_an_attempt() -> None:
    case = case_of()
    assert evidence(case) is None
    assert said(evidence(meant(case, flow_hash=bytes(32)))) == ("SNAPSHOT_MISMATCH", {})
    assert name(evidence(meant(case, state_hash=bytes(32)))) == "SNAPSHOT_MISMATCH"
    assert name(evidence(known(case, flow_hash=bytes(32)))) == "SNAPSHOT_MISMATCH"
    assert evidence(known(case, flow_hash=bytes(32), attempt=2)) is None
    assert evidence(known(case)) is None


def rebound(case: Case) -> Case:
    """The case again after its snapshot was changed: honest about what it was shown."""
    return meant(case, state_hash=state_hash(encode(case.flow.snapshot)))


def shown(case: Case, **fields: Any) -> Case:
    return rebound(viewed(case, **fields))


def test_a_price_was_what_the_market_said_at_that_offset() -> None:
    case = case_of()
    for fields in ({"bid": D(3999), "mid": None}, {"ask": D(4002), "mid": None}, {"mid": D(4000)},
                   {"quote_time": 1}, {"bid": None}, {"ask": None}, {"price_offset": None}):  # fmt: skip
        assert name(evidence(shown(case, **fields))) == "SNAPSHOT_MISMATCH", fields
    assert evidence(shown(case, mid=None)) is None
    hold = case_of(A.HOLD)
    assert evidence(shown(hold, bid=None)) is None  # it trades nothing
    assert evidence(shown(case_of(A.CLOSE), bid=None)) is None  # getting out gets a live price, or a person
    assert name(evidence(shown(case_of(A.SELL, quantity=D("0.1")), bid=None))) == "SNAPSHOT_MISMATCH"
    other = meant(case, instrument=ETH)
    assert name(evidence(rebound(other))) == "SNAPSHOT_MISMATCH"  # nothing of it was shown
    assert evidence(meant(case_of(A.HOLD), instrument=None)) is None


def test_a_price_too_old_to_look_up_is_gate_elevens() -> None:
    case = replace(under(case_of(), "drift", max_context_age_ms=1000), quote=None)
    assert name(evidence(case)) == "SNAPSHOT_MISMATCH"
    assert name(evidence(later(case, 1_000_000))) == "SNAPSHOT_MISMATCH"
    assert evidence(later(case, 1_000_001)) is None


def test_the_account_was_published_so_under_that_version() -> None:
    case = case_of()
    snapshot = case.flow.snapshot
    for changed in (
        replace(snapshot, account=replace(snapshot.account, account="paper-2")),
        replace(snapshot, account=replace(snapshot.account, cash=D(1))),
        replace(snapshot, account=replace(snapshot.account, version=99)),
        replace(snapshot, account_hash=bytes(32)),
    ):
        assert name(evidence(rebound(seen(case, snapshot=changed)))) == "SNAPSHOT_MISMATCH"
    assert name(evidence(of_account(case, hashes={}))) == "SNAPSHOT_MISMATCH"


def test_contract_and_rules_are_those_the_registry_released() -> None:
    case = case_of()
    assert case.woken is not None
    liar = replace(case, woken=replace(case.woken, contract_hash=bytes(32)))
    assert name(evidence(liar)) == "CONTRACT_MISMATCH"
    assert name(evidence(replace(case, woken=None))) == "CONTRACT_MISMATCH"
    for named in (bytes(32), contract_hash(canonical(world().contracts[SDS]))):
        snapshot = replace(case.flow.snapshot, rules_hash=named)
        assert name(evidence(rebound(seen(case, snapshot=snapshot)))) == "RULES_MISMATCH"


# -- gate 12 -----------------------------------------------------------------------------------------------


def order(side: str, instrument: str = BTC) -> Order:
    return Order(
        dfid=bytes(16), step_id="s1", agent_id=SDS, action=A.BUY, side=side, instrument=instrument,
        quantity=D(1), cash=D(0), time_in_force=m.TimeInForce.IOC, valid_until=0, stop=None,
        target_price=None,
    )  # fmt: skip


def test_cash_must_cover_the_worst_price_and_the_fees_and_may_then_be_gone() -> None:
    case = case_of(quantity=D("0.5"), limit_price=D(4000))
    needed = D(2004)  # 2,000 and twenty basis points
    assert reservation(of_account(case, cash=needed)) is None
    short = of_account(case, cash=needed - D("0.000000000000000001"))
    assert said(reservation(short)) == (
        "INSUFFICIENT_FUNDS", {"measured": needed, "limit": needed - D("0.000000000000000001")},
    )  # fmt: skip


def test_what_is_sold_is_held_and_not_promised_already() -> None:
    case = case_of(A.CLOSE)
    held = Held(quantity=D("0.5"), reserved=D("0.1"), total_cost=D(2000))
    assert reservation(of_account(meant(case, quantity=D("0.4")), positions={BTC: held})) is None
    assert reservation(of_account(case, positions={BTC: held})) is None  # all that is free
    over = of_account(meant(case, quantity=D("0.41")), positions={BTC: held})
    assert said(reservation(over)) == (
        "INSUFFICIENT_POSITION", {"measured": D("0.41"), "limit": D("0.4")},
    )  # fmt: skip
    none = of_account(case, positions={BTC: Held(quantity=D(1), reserved=D(1))})
    assert said(reservation(none)) == ("INSUFFICIENT_POSITION", {"measured": D(0), "limit": D(0)})


def test_only_an_open_order_of_the_other_side_on_the_same_instrument_contends() -> None:
    case = case_of()
    for open_order, wanted in (
        (order("SELL"), ("RESOURCE_CONTENTION", {"open_orders": D(1), "opposite": D(1)})),
        (order("BUY"), None),
        (order(""), None),
        (order("SELL", ETH), None),
    ):
        assert said(reservation(of_account(case, orders={b"k": open_order}))) == wanted
    leaving = of_account(case_of(A.CLOSE), orders={b"k": order("BUY"), b"l": order("BUY")})
    assert said(reservation(leaving)) == (
        "RESOURCE_CONTENTION", {"open_orders": D(2), "opposite": D(2)},
    )  # fmt: skip


def test_an_account_has_so_many_open_orders_and_not_one_more() -> None:
    case = case_of()
    orders = {number.to_bytes(4, "big"): order("BUY") for number in range(OPEN_MAX)}
    full = of_account(case, orders=orders)
    assert said(reservation(full)) == (
        "RESOURCE_CONTENTION", {"open_orders": D(OPEN_MAX), "opposite": D(0)},
    )  # fmt: skip
    del orders[bytes(4)]
    assert reservation(of_account(case, orders=orders)) is None
