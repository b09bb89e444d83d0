"""Gates 3, 6, 10 and 11 on the very edge: a bound is inclusive on its own side and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel.case import Case, Stance
from kernel.gates.admission import admission
from kernel.gates.drift import drift, entry, sane
from kernel.gates.escalation import escalation, exposure_after
from kernel.gates.validity import validity
from kernel.ruling import Escalation, Refusal
from kernel.state.standing import HOUR_US, AgentRecord
from rules.contract import Authority
from schemas import models as m
from schemas.models import Usage
from tests.gate_bench import (
    A,
    D,
    approved,
    at,
    case_of,
    known,
    later,
    marked,
    meant,
    name,
    of_account,
    said,
    seen,
    under,
    viewed,
    world,
)  # fmt: skip

MS = 1_000
SECOND = 1_000_000


# -- gate 3 ------------------------------------------------------------------------------------------------


def test_an_intent_is_valid_from_its_first_micro_to_its_last() -> None:
    case = case_of()
    assert case.intent is not None
    first, last = case.intent.valid_from, case.intent.valid_until
    assert said(validity(at(case, first - 3))) == ("NOT_YET_VALID", {"early_us": D(3)})
    assert validity(at(case, first)) is None
    assert validity(at(case, last)) is None
    assert said(validity(at(case, last + 2))) == ("TTL_EXPIRED", {"late_us": D(2)})


def test_an_intent_does_not_outlive_its_flow() -> None:
    case = seen(case_of(), flow_expires_at=case_of().now + 5)
    assert validity(later(case, 5)) is None
    assert said(validity(later(case, 6))) == ("TTL_EXPIRED", {"late_us": D(1)})


def test_what_a_person_approved_lives_as_long_as_its_flow() -> None:
    case = case_of(valid_until=case_of().now + 1)
    late = at(case, case.flow.flow_expires_at)
    assert name(validity(late)) == "TTL_EXPIRED"
    assert validity(approved(late)) is None
    assert said(validity(approved(later(late, 1)))) == ("TTL_EXPIRED", {"late_us": D(1)})


def test_a_trigger_at_the_horizon_is_forgotten_and_one_after_it_is_not() -> None:
    case = case_of()
    state = at(case, case.now).state
    event = case.flow.trigger.event_time
    for horizon, wanted in ((event - 1, None), (event, D(0)), (event + 4, D(4))):
        state.memory = replace(case.state.memory, horizon=horizon)
        found = said(validity(replace(case, state=state)))
        assert found == (None if wanted is None else ("TTL_EXPIRED", {"behind_horizon_us": wanted}))


# -- gate 6 ------------------------------------------------------------------------------------------------


def admitted(case: Case, *stamps: int) -> Case:
    return replace(case, agent=AgentRecord(admitted=sorted(stamps)))


def test_the_rate_window_is_open_at_its_old_end_and_closed_at_now() -> None:
    case = under(case_of(), "budget", proposals_per_window=2, window_s=60)
    old = case.now - 60 * SECOND
    assert admission(admitted(case, old, old)) is None
    assert admission(admitted(case, old, case.now)) is None
    assert said(admission(admitted(case, old, old + 1, case.now))) == (
        "RATE_LIMITED", {"measured": D(2), "limit": D(2), "wait_us": D(1)},
    )  # fmt: skip
    assert admission(approved(admitted(case, old + 1, case.now, case.now))) is None


WORDS = Usage(model_calls=2, tool_calls=3, tokens_in=40, tokens_out=60, rounds=4, inference_ms=0)
ROOM = {"max_model_calls": 2, "max_tool_calls": 3, "tokens_per_flow": 100, "rounds_per_flow": 4}


def test_a_budget_may_be_used_up_and_not_a_step_more() -> None:
    case = under(case_of(usage=WORDS), "budget", **ROOM)
    assert admission(case) is None
    for field, spent in (("max_model_calls", 2), ("max_tool_calls", 3), ("tokens_per_flow", 100),
                         ("rounds_per_flow", 4)):  # fmt: skip
        assert said(admission(under(case, "budget", **{field: spent - 1}))) == (
            "BUDGET_EXCEEDED", {"measured": D(spent), "limit": D(spent - 1)},
        )  # fmt: skip


def test_tokens_are_summed_over_the_flow_and_an_approval_counts_its_own_once() -> None:
    case = under(case_of(usage=WORDS), "budget", **(ROOM | {"tokens_per_flow": 150}))
    assert admission(known(case, tokens={"sovereign": 50})) is None
    assert said(admission(known(case, tokens={"sovereign": 51}))) == (
        "BUDGET_EXCEEDED", {"measured": D(151), "limit": D(150)},
    )  # fmt: skip
    assert admission(known(case, tokens={"risk": 999})) is None
    first = known(under(case, "budget", tokens_per_flow=100))
    assert admission(first) is None
    assert name(admission(known(under(case, "budget", tokens_per_flow=99)))) == "BUDGET_EXCEEDED"
    held = approved(known(case, tokens={"sovereign": 150}))
    assert admission(held) is None
    assert said(admission(approved(known(case, tokens={"sovereign": 151})))) == (
        "BUDGET_EXCEEDED", {"measured": D(151), "limit": D(150)},
    )  # fmt: skip


def test_a_flow_has_no_more_steps_than_its_contract_allows() -> None:
    case = under(case_of(), "budget", max_steps=2)
    assert admission(seen(case, steps=("s1", "s2"))) is None
    assert said(admission(seen(case, steps=("s1", "s2", "s3")))) == (
        "BUDGET_EXCEEDED", {"measured": D(3), "limit": D(2)},
    )  # fmt: skip


def test_of_two_budgets_overdrawn_the_first_is_named() -> None:
    spent = replace(WORDS, model_calls=21, tool_calls=22, tokens_in=23, tokens_out=0, rounds=24)
    none = dict.fromkeys(ROOM, 0) | {"max_steps": 0}
    figures = [("max_model_calls", 21), ("max_tool_calls", 22), ("tokens_per_flow", 23),
               ("rounds_per_flow", 24), ("max_steps", 1)]  # fmt: skip
    for index, (_, measured) in enumerate(figures):
        enough = {field: 99 for field, _ in figures[:index]}
        found = said(admission(under(case_of(usage=spent), "budget", **(none | enough))))
        assert found == ("BUDGET_EXCEEDED", {"measured": D(measured), "limit": D(0)})


def test_an_exhausted_flow_takes_an_answer_from_a_person_only() -> None:
    case = known(case_of(), exhausted=True)
    assert said(admission(case)) == ("REASONING_EXHAUSTION", {"measured": D(1), "limit": D(3)})
    assert admission(approved(case)) is None
    assert admission(known(case_of())) is None


# -- gate 10 -----------------------------------------------------------------------------------------------


def test_confidence_at_the_threshold_asks_nobody() -> None:
    case = under(case_of(confidence=D("0.5")), "escalation", confidence_threshold=D("0.5"))
    assert escalation(case) is None
    below = meant(case, confidence=D("0.499999999999999999"))
    assert said(escalation(below)) == (
        "LOW_CONFIDENCE", {"measured": D("0.499999999999999999"), "limit": D("0.5")},
    )  # fmt: skip
    assert escalation(approved(below)) is None


def test_exposure_is_what_is_held_and_reserved_with_the_order_on_top() -> None:
    case = of_account(case_of(quantity=D("0.1"), limit_price=D(4000)), reserved_cash=D(7))
    cost = D("0.5") * D(4005)  # what is held has not been marked yet, so it counts at what it cost
    assert exposure_after(case) == cost + 7 + 400
    limit = exposure_after(case)
    assert escalation(under(case, "escalation", max_exposure_usd=limit)) is None
    less = under(case, "escalation", max_exposure_usd=limit - D("0.01"))
    assert said(escalation(less)) == (
        "EXPOSURE_ABOVE_LIMIT", {"measured": limit, "limit": limit - D("0.01")},
    )  # fmt: skip
    assert escalation(under(less, authority=Authority.EXECUTE_FULL)) is None


def test_level_or_action_alone_is_enough_to_want_a_person() -> None:
    case = case_of()
    assert name(escalation(under(case, authority=Authority.PROPOSE))) == "HUMAN_APPROVAL_REQUIRED"
    wanted = under(case, "escalation", requires_human_approval=(A.BUY,))
    assert name(escalation(wanted)) == "HUMAN_APPROVAL_REQUIRED"
    assert escalation(under(case, "escalation", requires_human_approval=(A.SELL,))) is None


def test_a_token_comes_back_after_an_hour_and_not_a_micro_sooner() -> None:
    case = under(case_of(confidence=D(0)), "escalation", budget_per_hour=2)
    hour = case.now - HOUR_US
    for stamps, wanted in (((hour, case.now), "LOW_CONFIDENCE"), ((), "LOW_CONFIDENCE")):
        found = escalation(replace(case, agent=AgentRecord(escalated=list(stamps))))
        assert isinstance(found, Escalation)
        assert name(found) == wanted
    spent = replace(case, agent=AgentRecord(escalated=[hour + 1, case.now]))
    assert said(escalation(spent)) == ("ESCALATION_BUDGET_EXHAUSTED", {"measured": D(2), "limit": D(2)})


# -- gate 11 -----------------------------------------------------------------------------------------------


def test_a_context_may_be_as_old_as_its_contract_says_and_not_from_the_future() -> None:
    case = under(case_of(), "drift", max_context_age_ms=1000, max_mark_age_ms=10**6)
    assert drift(later(case, 1000 * MS)) is None
    assert said(drift(later(case, 1000 * MS + 1))) == (
        "CONTEXT_TOO_OLD", {"age_us": D(1000 * MS + 1), "limit_us": D(1000 * MS)},
    )  # fmt: skip
    assert name(drift(later(case, -1))) == "CONTEXT_TOO_OLD"
    assert drift(approved(later(case, 5000 * MS))) is None


def test_a_mark_may_be_as_old_as_its_contract_says() -> None:
    case = under(case_of(), "drift", max_mark_age_ms=1000)
    assert case.mark is not None
    born = case.mark.event_time
    assert drift(at(case, born + 1000 * MS)) is None
    assert said(drift(at(case, born + 1000 * MS + 1))) == (
        "STALE_MARK", {"age_us": D(1000 * MS + 1), "limit_us": D(1000 * MS)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bid", "ask", "good"),
    [("1", "1", True), ("1", "2", True), ("2", "1", False), ("0", "1", False), ("-1", "1", False),
     ("0", "0", False)],
)  # fmt: skip
def test_a_price_is_above_zero_on_both_sides_and_not_crossed(bid: str, ask: str, good: bool) -> None:
    mark = m.QuoteSeen(bid=D(bid), ask=D(ask), event_time=1, partition=0, offset=0)
    assert sane(mark) is good
    if not good:
        found = said(drift(marked(case_of(), bid=D(bid), ask=D(ask))))
        assert found == ("NO_LIVE_PRICE", {"bid": D(bid), "ask": D(ask)})


def test_without_any_mark_there_is_nothing_to_say_of_it() -> None:
    assert said(drift(replace(case_of(), mark=None))) == ("NO_LIVE_PRICE", {})


def test_leaving_without_a_price_is_asked_once_and_then_refused() -> None:
    case = marked(case_of(A.CLOSE), bid=D(5000))
    found = drift(case)
    assert isinstance(found, Escalation)
    assert said(found) == ("NO_LIVE_PRICE", {"bid": D(5000), "ask": D(4001)})
    assert isinstance(drift(approved(case)), Refusal)
    selling = marked(case_of(A.SELL), bid=D(5000))
    assert selling.stance is Stance.REDUCING
    assert isinstance(drift(selling), Refusal)


def test_leaving_is_not_asked_how_far_the_price_has_gone_nor_how_old_the_context_is() -> None:
    case = under(case_of(A.CLOSE), "drift", max_context_age_ms=1, max_mark_age_ms=10**6)
    assert drift(marked(later(case, 10 * SECOND), bid=D(2000), ask=D(2001))) is None


def still(case: Case) -> Case:
    """Nothing but the envelope to fear: no cap of its own, no bracket."""
    return meant(case, limit_price=None, stop=None, target_price=None)


def test_the_envelope_is_inclusive_on_both_sides_and_counts_in_full_digits() -> None:
    case = still(under(viewed(case_of(), bid=D(4000), ask=D(4000)), "drift", envelope_bps=D(10)))
    for bid, wanted in (("4003", None), ("4004", None), ("3996", None)):
        assert drift(marked(case, bid=D(bid), ask=D(bid))) is wanted, bid
    far = D("4004.000000000000000001")
    assert said(drift(marked(case, bid=far, ask=far))) == (
        "STALE_CONTEXT", {"moved_bps": D("10.000000000000000003"), "envelope_bps": D(10)},
    )  # fmt: skip
    low = D("3995.999999999999999999")
    assert name(drift(marked(case, bid=low, ask=low))) == "STALE_CONTEXT"


def test_drift_is_measured_from_the_middle_of_the_live_quote() -> None:
    case = still(under(viewed(case_of(), bid=D(4000), ask=D(4000)), "drift", envelope_bps=D(10)))
    assert drift(marked(case, bid=D(4003), ask=D(4004))) is None
    for bid, ask in (("4003", "4005.01"), ("3994.99", "3997")):
        assert name(drift(marked(case, bid=D(bid), ask=D(ask)))) == "STALE_CONTEXT"
    cheap = still(viewed(case_of(), bid=D("0.5"), ask=D("0.5")))
    assert drift(marked(cheap, bid=D("0.5"), ask=D("0.5"))) is None


def test_the_narrower_envelope_counts_whoever_made_it() -> None:
    case = still(viewed(case_of(drift_envelope_bps=D(5)), bid=D(4000), ask=D(4000)))
    moved = marked(case, bid=D("4002.01"), ask=D("4002.01"))
    assert said(drift(moved)) == ("STALE_CONTEXT", {"moved_bps": D("5.025"), "envelope_bps": D(5)})
    assert drift(meant(moved, drift_envelope_bps=D(50))) is None
    narrow = under(meant(moved, drift_envelope_bps=D(50)), "drift", envelope_bps=D(5))
    assert said(drift(narrow)) == ("STALE_CONTEXT", {"moved_bps": D("5.025"), "envelope_bps": D(5)})


@pytest.mark.parametrize("gone", [{"bid": None}, {"ask": None}, {"bid": D(0), "ask": D(0)}])
def test_a_context_without_a_price_is_stale(gone: dict[str, object]) -> None:
    assert said(drift(viewed(case_of(), **gone))) == ("STALE_CONTEXT", {})


def test_what_the_person_saw_is_where_an_approval_drifts_from() -> None:
    case = still(marked(case_of(), bid=D(4100), ask=D(4100)))
    assert name(drift(case)) == "STALE_CONTEXT"
    assert drift(approved(case, "4100")) is None
    assert name(drift(approved(case, "4000"))) == "STALE_CONTEXT"


def test_a_buyer_pays_the_ask_up_to_his_cap_and_a_seller_gets_the_bid_down_to_his() -> None:
    wide = {"drift_envelope_bps": D(50), "stop": None, "target_price": None}
    buy = case_of(limit_price=D("4003"), **wide)
    assert entry(buy) == D(4001)
    assert drift(marked(buy, bid=D(4000), ask=D(4003))) is None
    assert said(drift(marked(buy, bid=D(4000), ask=D("4003.01")))) == (
        "LIMIT_PRICE_EXCEEDED", {"measured": D("4003.01"), "limit": D(4003)},
    )  # fmt: skip
    sell = case_of(A.SELL, quantity=D(3), limit_price=D(3999), **wide)
    assert sell.stance is Stance.INCREASING
    assert entry(sell) == D(4000)
    assert drift(marked(sell, bid=D(3999), ask=D(4000))) is None
    assert said(drift(marked(sell, bid=D("3998.99"), ask=D(4000)))) == (
        "LIMIT_PRICE_EXCEEDED", {"measured": D("3998.99"), "limit": D(3999)},
    )  # fmt: skip


def test_a_bracket_must_still_stand_around_the_live_price_with_its_reward() -> None:
    case = case_of(limit_price=None, stop=D(3981), target_price=D(4031))
    assert drift(case) is None  # 30 over 20: one and a half to one, exactly what the contract wants
    assert said(drift(meant(case, target_price=D("4030.99")))) == (
        "GEOMETRY_BROKEN",
        {"live": D(4001), "stop": D(3981), "target": D("4030.99"), "risk_reward_limit": D("1.5")},
    )
    assert name(drift(meant(case, stop=D(4001)))) == "GEOMETRY_BROKEN"
    assert drift(meant(case, stop=None)) is None
    assert drift(meant(case, target_price=None)) is None
    sell = case_of(A.SELL, quantity=D(3), limit_price=None, stop=D(4020), target_price=D(3970))
    assert drift(sell) is None
    assert name(drift(meant(sell, stop=D(3980), target_price=D(4030)))) == "GEOMETRY_BROKEN"


def test_the_shared_world_was_only_read() -> None:
    assert world().kernel.state.accounts["paper-1"].reserved_cash == 0
