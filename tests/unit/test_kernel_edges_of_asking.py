"""Gates 5 and 10, the order of the law, and limits around a live price: each on its very edge."""

from __future__ import annotations

from dataclasses import replace

from kernel.case import Case, Stance
from kernel.gates.breakers import breakers, figures_for, zone_of
from kernel.gates.escalation import escalation
from kernel.judge import judge
from kernel.orders import protective_limit
from kernel.state.accounts import DayStart
from kernel.state.standing import AgentRecord
from rules.breakers import BreakerFigures
from schemas import models as m
from schemas.reasons import Reason
from tests.gate_bench import SDS, A, D, at, case_of, marked, meant, name, of_account, said, under, viewed

# -- gate 5 ------------------------------------------------------------------------------------------------


def test_a_loss_is_measured_against_what_was_paid_in_less_what_was_taken_out() -> None:
    case = of_account(
        case_of(), equity=D(100), peak=D(100), deposits=D(150), withdrawals=D(50), day_starts={}
    )
    assert breakers(case) is None
    assert name(breakers(of_account(case, withdrawals=D(0)))) == "MAX_LOSS"


def test_a_day_begins_at_what_the_account_was_worth_in_the_contracts_own_zone() -> None:
    case = of_account(case_of(), equity=D(100), peak=D(110), deposits=D(150), withdrawals=D(50))
    assert case.account is not None
    assert case.grant is not None
    contract = case.grant.contract
    assert zone_of(contract) != "Asia/Tokyo"
    elsewhere = DayStart(equity=D(90), until=0)
    wanted = BreakerFigures(equity=D(100), peak=D(110), base=D(100), day_start=D(100))
    for starts, day_start in (
        ({}, D(100)),
        ({"Asia/Tokyo": elsewhere}, D(100)),
        ({zone_of(contract): DayStart(equity=D(95), until=0), "Asia/Tokyo": elsewhere}, D(95)),
    ):
        account = replace(case.account, day_starts=starts)
        assert figures_for(account, contract) == replace(wanted, day_start=day_start)


def test_of_breakers_that_trip_together_the_first_is_named_with_its_own_figures() -> None:
    case = of_account(case_of(), equity=D(50), peak=D(400), deposits=D(100), withdrawals=D(0), day_starts={})
    assert case.grant is not None
    keep = 1 - case.grant.contract.limits.max_drawdown_pct
    assert said(breakers(case)) == ("MAX_LOSS", {"measured": D(50), "limit": 100 * keep})


# -- gate 10 and the order of the law ----------------------------------------------------------------------


def only_asking(case: Case, *, tokens: int) -> Case:
    """The case of an agent whose every wish goes to a person, who has been asked so often this hour."""
    found = at(case, case.now, standings={SDS: m.Standing.ESCALATION_ONLY})
    return replace(found, agent=AgentRecord(escalated=[case.now] * tokens))


def budget(case: Case) -> int:
    assert case.grant is not None
    return case.grant.contract.escalation.budget_per_hour


def test_who_may_only_ask_needs_a_token_although_his_order_would_want_none() -> None:
    case = case_of()
    most = budget(case)
    assert escalation(only_asking(case, tokens=most - 1)) is None  # gate 4 has asked already
    assert said(escalation(only_asking(case, tokens=most))) == (
        "ESCALATION_BUDGET_EXHAUSTED", {"measured": D(most), "limit": D(most)},
    )  # fmt: skip
    assert escalation(replace(case, agent=AgentRecord(escalated=[case.now] * most))) is None


def test_a_token_is_asked_for_in_its_turn_also_of_what_skips_its_gate() -> None:
    case = case_of(A.CLOSE)
    most = budget(case)
    assert judge(only_asking(case, tokens=most - 1)).reason == Reason.AGENT_ESCALATION_ONLY
    spent = only_asking(case, tokens=most)
    assert judge(spent).reason == Reason.ESCALATION_BUDGET_EXHAUSTED
    forbidden = under(spent, forbidden_actions=(A.CLOSE,))
    assert judge(forbidden).reason == Reason.ACTION_FORBIDDEN  # gate 7 comes before gate 10
    assert judge(replace(case, agent=AgentRecord(escalated=[case.now] * most))).verdict is m.Verdict.ACCEPTED


# -- limits around a live price ----------------------------------------------------------------------------


def far(case: Case, bid: str, ask: str) -> Case:
    """Looked at around 4,000, with no price of its own; the market is elsewhere by now."""
    return marked(meant(viewed(case, bid=D(4000), ask=D(4001)), limit_price=None), bid=D(bid), ask=D(ask))


def test_a_sellers_envelope_lies_around_the_middle_of_the_live_quote() -> None:
    assert protective_limit(far(case_of(A.CLOSE), "3900", "4100")) == D(3880)  # fifty points of 4,000
    assert protective_limit(far(case_of(A.CLOSE), "4100", "4300")) == D(4079)


def test_who_sells_more_than_is_held_sells_at_the_live_price_too() -> None:
    case = far(case_of(A.SELL, quantity=D(3)), "4100", "4300")
    assert case.stance is Stance.INCREASING
    assert protective_limit(case) == D(4079)


def test_who_buys_back_what_was_sold_pays_the_live_ask_and_the_envelope_on_top() -> None:
    buys = far(case_of(), "4100", "4300")
    assert buys.stance is Stance.INCREASING
    assert protective_limit(buys) == D("4020.50")  # around what was looked at
    assert protective_limit(replace(buys, stance=Stance.REDUCING)) == D(4321)  # a compensation's way back


def test_a_price_of_ones_own_between_two_ticks_is_the_tick_that_is_no_worse() -> None:
    assert protective_limit(case_of(limit_price=D("4003.005"))) == D("4003.00")
    assert protective_limit(case_of(A.CLOSE, limit_price=D("3990.005"))) == D("3990.01")
