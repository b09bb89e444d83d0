"""Gates 4 and 10 and the outcome on the very edge: who may still speak, and what an answer leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kernel.case import Case, under_of
from kernel.claim import Inside
from kernel.gates.standing import standing
from kernel.judge import judge
from kernel.outcome import decide, exhausted_to, is_beside, is_late
from kernel.state.accounts import WHOLE
from kernel.state.flows import COMPENSATION, Flow, Held
from kernel.state.mandates import Mandate
from kernel.state.standing import AgentRecord
from kernel.state.trading import Curb
from ledger.envelope import digest, seal
from ledger.hashes import dfid
from schemas import models as m
from schemas.reasons import Reason
from tests.build import BTC, LEDGER, World, signer
from tests.gate_bench import SDS, A, D, approved, case_of, known, meant, name, of_account, said, under
from tests.gate_bench import world as shared

# -- gate 4 ------------------------------------------------------------------------------------------------

QUIET = (A.HALT, A.HOLD)
PASSES = {  # standing -> the actions it lets through
    m.Standing.ACTIVE: (*QUIET, A.CANCEL, A.CLOSE, A.BUY),
    m.Standing.DEGRADED: (*QUIET, A.CANCEL, A.CLOSE),
    m.Standing.PASSIVE: QUIET,
    m.Standing.ESCALATION_ONLY: QUIET,
    m.Standing.SUSPENDED: (),
    m.Standing.RETIRED: (),
}


def standing_at(case: Case, which: m.Standing) -> Case:
    """The same case of an agent that stands so on this account."""
    return of_account(case, standings={SDS: which})


@pytest.mark.parametrize("which", PASSES)
def test_a_standing_lets_its_own_actions_through_and_no_other(which: m.Standing) -> None:
    actions = (*QUIET, A.CANCEL, A.CLOSE, A.BUY)
    passed = tuple(each for each in actions if standing(standing_at(case_of(each), which)) is None)
    assert passed == PASSES[which]


def latched(case: Case, micros: int, scope: str = WHOLE) -> Case:
    """The same case with a HALT that latched trading until so many micros from now."""
    return of_account(case, halts={scope: case.now + micros})


@pytest.mark.parametrize("scope", [WHOLE, BTC])
def test_a_latch_stands_to_its_last_micro_and_says_how_long(scope: str) -> None:
    assert said(standing(latched(case_of(), 1, scope))) == ("TRADING_HALTED", {"halted_for_us": D(1)})
    assert standing(latched(case_of(), 0, scope)) is None
    assert standing(latched(case_of(), -1, scope)) is None
    assert standing(latched(case_of(), 5, "another")) is None


@pytest.mark.parametrize("micros", [0, -1])
def test_how_long_an_operators_word_stands_is_no_figure(micros: int) -> None:
    case = of_account(latched(case_of(), micros), curbs={WHOLE: Curb(state=m.TradingState.HALTED)})
    assert said(standing(case)) == ("TRADING_HALTED", {})


@pytest.mark.parametrize("trouble", [
    {"terminated": True},
    {"dirty": {bytes(16)}},
    {"curbs": {WHOLE: Curb(state=m.TradingState.REDUCING)}},
])  # fmt: skip
def test_an_account_in_trouble_may_only_be_left(trouble: dict[str, Any]) -> None:
    assert name(standing(of_account(case_of(), **trouble))) == "REDUCING_ONLY"
    assert standing(of_account(case_of(A.CLOSE), **trouble)) is None


def test_what_a_person_approved_needs_no_second_question() -> None:
    case = standing_at(case_of(), m.Standing.ESCALATION_ONLY)
    assert name(standing(case)) == "AGENT_ESCALATION_ONLY"
    assert standing(approved(case)) is None


@pytest.mark.parametrize("action", [A.HALT, A.HOLD, A.CANCEL])
def test_what_trades_nothing_passes_a_halt(action: m.Action) -> None:
    assert standing(latched(case_of(action), 9)) is None


def test_getting_out_does_not_pass_a_halt() -> None:
    assert name(standing(latched(case_of(A.CLOSE), 9))) == "TRADING_HALTED"


def test_what_puts_a_failure_right_asks_nothing_of_who_failed() -> None:
    case = standing_at(case_of(A.CLOSE), m.Standing.SUSPENDED)
    assert name(standing(case)) == "AGENT_SUSPENDED"
    assert standing(meant(case, step_id=f"{COMPENSATION}1")) is None


# -- gate 10, in its order ---------------------------------------------------------------------------------


def test_a_question_without_a_token_is_refused_after_what_is_forbidden() -> None:
    """Gate 4 sends it to a person; gate 10, which getting out never faces, then asks for the token alone."""
    case = standing_at(case_of(A.CLOSE), m.Standing.ESCALATION_ONLY)
    spent = replace(case, agent=AgentRecord(escalated=[case.now] * 99))
    assert Reason(judge(case).reason) is Reason.AGENT_ESCALATION_ONLY
    assert Reason(judge(spent).reason) is Reason.ESCALATION_BUDGET_EXHAUSTED
    forbidden = under(spent, "", forbidden_actions=(A.CLOSE,))
    assert Reason(judge(forbidden).reason) is Reason.ACTION_FORBIDDEN


# -- whose mandate -----------------------------------------------------------------------------------------


def child_of(case: Case, **changes: Any) -> tuple[m.FlowOpened, Case]:
    """A flow that names a mandate, and a case whose account has it."""
    parent = dfid(LEDGER, "tape", "p", "paper-1", "test")
    mandate = Mandate(
        dfid=parent, step_id="s1", seq=1, agent_id=SDS, contract_version=shared().contracts[SDS].version,
        keyid=signer(SDS).keyid, instrument=BTC, side="BUY", total=D(1), price_low=D(1), price_high=D(2),
        expires_at=case.now,
    )  # fmt: skip
    named = replace(case.flow, parent=parent, parent_step="s1")
    return named, of_account(case, mandates={mandate.name: replace(mandate, **changes)})


def test_a_child_stands_under_the_mandate_it_names_and_under_its_parents_contract() -> None:
    named, case = child_of(case_of())
    found = under_of(case.state, named, case.account, case.grant)
    assert found is not None
    assert (found.mandate.dfid, found.parent, found.own) == (
        named.parent, shared().contracts[SDS], case.grant,
    )  # fmt: skip


def test_nobody_stands_under_a_mandate_without_an_account_a_contract_or_its_name() -> None:
    named, case = child_of(case_of())
    assert under_of(case.state, named, None, case.grant) is None
    assert under_of(case.state, named, case.account, None) is None
    assert under_of(case.state, replace(named, parent_step="s2"), case.account, case.grant) is None
    assert under_of(case.state, case.flow, case.account, case.grant) is None
    named, case = child_of(case_of(), contract_version="0.0.1")
    assert under_of(case.state, named, case.account, case.grant) is None


# -- what follows ------------------------------------------------------------------------------------------


def window_of(kind: m.WindowKind) -> Inside:
    flow = shared().flow(("strategy", "risk"))
    record = replace(shared().window(flow, [shared().report(flow, "risk")]), kind=kind)
    return Inside(window=record, answer=None, intent=None, report=None)


def test_late_is_what_a_window_says_is_late() -> None:
    assert is_late(window_of(m.WindowKind.LATE))
    assert not is_late(window_of(m.WindowKind.COMPLETE))
    assert not is_late(case_of().claim.inside)


def test_an_answer_is_beside_a_flow_that_wants_none() -> None:
    case = case_of()
    assert not is_beside(replace(case, known=None))
    assert not is_beside(known(case))
    waits = known(case, status=m.FlowStatus.EXECUTING)
    assert is_beside(waits)
    assert not is_beside(approved(waits))  # it is the answer that was waited for
    late = replace(case, claim=replace(case.claim, inside=window_of(m.WindowKind.LATE)))
    assert is_beside(late)
    assert is_beside(replace(late, known=waits.known))


def test_a_halt_beside_its_flow_changes_nothing_of_it_accepted_or_refused() -> None:
    waits = known(case_of(A.HALT), status=m.FlowStatus.ESCALATED)
    assert decide(waits).flow_status is m.FlowStatus.ESCALATED
    gone = standing_at(waits, m.Standing.RETIRED)
    assert (Reason(decide(gone).ruling.reason), decide(gone).flow_status) == (
        Reason.AGENT_RETIRED, m.FlowStatus.ESCALATED,
    )  # fmt: skip


def test_a_refusal_by_the_first_two_gates_binds_nobody() -> None:
    older = known(case_of(), open_attempt=2, attempt=2)
    assert Reason(decide(older).ruling.reason) is Reason.ATTEMPT_CLOSED
    assert decide(older).flow_status is m.FlowStatus.ACTIVE
    gone = standing_at(known(case_of()), m.Standing.RETIRED)
    assert decide(gone).flow_status is m.FlowStatus.REJECTED


@pytest.mark.parametrize("missing", ["held", "opened"])
def test_a_flow_that_nobody_can_be_asked_about_stays_where_it_is(missing: str) -> None:
    case = known(case_of())
    assert case.known is not None
    found = exhausted_flow(case)
    assert exhausted_to(case.state, found) is m.FlowStatus.ESCALATED
    without: Any = {missing: None}
    assert exhausted_to(case.state, replace(found, **without)) is m.FlowStatus.EXHAUSTED


def exhausted_flow(case: Case) -> Flow:
    assert case.known is not None
    body = case.claim.body
    held: Any = Held(
        digest=digest(body), body=body, attestations=(), attempt=1, agent_id=SDS, step_id="s1",
        reason=int(Reason.STALE_CONTEXT),
    )  # fmt: skip
    opened = seal(case.flow, signer("selector"))
    return replace(case.known, status=m.FlowStatus.EXHAUSTED, exhausted=True, held=held, opened=opened)


def test_a_mandate_closes_its_flow_and_orders_nothing() -> None:
    world = World()
    world.mandated()
    assert (world.verdict.flow_status, world.told(m.Envelope)) == (m.FlowStatus.CLOSED, [])
