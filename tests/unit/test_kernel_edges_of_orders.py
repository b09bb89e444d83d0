"""What a ruling becomes, on the edge: orders and limits, outcomes of flows, and receipts that move money."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from kernel import exact
from kernel.case import Case, Stance, stance_of
from kernel.claim import read_claim
from kernel.folds.receipts import (
    is_final,
    is_news,
    possible,
    release,
    reserve,
    status_after,
)  # fmt: skip
from kernel.judge import judge
from kernel.orders import (
    ORDER_LIFE_US,
    cash_needed,
    looked_at,
    order_for,
    protective_limit,
    quantity_of,
    side_of,
)  # fmt: skip
from kernel.outcome import decide, lane_reason
from kernel.state.accounts import Account, Held, Order
from kernel.state.standing import HOUR_US, AgentRecord
from ledger.envelope import digest, seal
from schemas import models as m
from schemas.reasons import LaneReason, Reason
from tests.build import ETH, World, signer
from tests.gate_bench import (
    BTC,
    SDS,
    A,
    D,
    approved,
    case_of,
    judged,
    known,
    later,
    marked,
    meant,
    of_account,
    seen,
    under,
    viewed,
    world,
)  # fmt: skip

S = m.ReceiptStatus


# -- what an action is -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "quantity", "wanted"),
    [
        (A.HALT, "0", Stance.HALT),
        (A.HOLD, "0", Stance.HOLD),
        (A.CANCEL, "0", Stance.CANCEL),
        (A.CLOSE, "0", Stance.REDUCING),
        (A.BUY, "0.1", Stance.INCREASING),
        (A.MANDATE, "0.1", Stance.MANDATE),
        (A.SELL, "0.4", Stance.REDUCING),
        (A.SELL, "0.400000000000000001", Stance.INCREASING),
    ],
)
def test_a_sale_reduces_within_what_is_held_and_free(action: m.Action, quantity: str, wanted: Stance) -> None:
    case = of_account(case_of(), positions={BTC: Held(quantity=D("0.5"), reserved=D("0.1"))})
    assert case.intent is not None
    assert stance_of(replace(case.intent, action=action, quantity=D(quantity)), case.account) is wanted


def test_without_an_account_an_instrument_or_an_intent_nothing_is_reduced() -> None:
    case = case_of(A.SELL)
    assert case.intent is not None
    assert stance_of(case.intent, None) is Stance.INCREASING
    assert stance_of(replace(case.intent, instrument=None), case.account) is Stance.INCREASING
    assert stance_of(None, case.account) is Stance.HOLD
    nothing = replace(case.intent, instrument=None, quantity=D(0))
    assert stance_of(nothing, case.account) is Stance.INCREASING


def test_a_persons_word_is_for_the_bytes_it_names_and_may_make_them_smaller() -> None:
    found = World()
    flow = found.flow()
    body = seal(found.intent(flow, confidence=D("0.1")), signer(SDS))
    found.propose(flow, body)
    found.run()
    waiting = found.kernel.state.flows[flow.dfid]
    assert judged(found, flow, body).approval is None
    word = approved(judged(found, flow, body), quantity="0.2").approval
    waiting.approval = word
    case = judged(found, flow, body)
    assert case.approval == word
    assert case.intent is not None
    assert case.intent.quantity == D("0.2")
    assert word is not None
    waiting.approval = replace(word, quantity=None)
    whole = judged(found, flow, body)
    assert whole.intent is not None
    assert whole.intent.quantity == D("0.5")
    other = seal(found.intent(flow), signer(SDS))
    assert judged(found, flow, other).approval is None
    report = seal(found.report(flow, SDS), signer(SDS))
    waiting.approval = replace(word, digest=digest(report), quantity=D(1))
    assert judged(found, flow, report).intent is None


# -- orders ------------------------------------------------------------------------------------------------


def test_sides_are_the_venues_words() -> None:
    assert [side_of(each) for each in (A.BUY, A.SELL, A.CLOSE, A.CANCEL)] == ["BUY", "SELL", "SELL", ""]


def test_closing_without_a_quantity_means_all_that_is_free() -> None:
    case = of_account(case_of(A.CLOSE), positions={BTC: Held(quantity=D("0.5"), reserved=D("0.2"))})
    assert quantity_of(case) == D("0.3")
    assert quantity_of(meant(case, quantity=D("0.1"))) == D("0.1")
    assert quantity_of(case_of(quantity=D("0.7"))) == D("0.7")
    assert quantity_of(meant(case_of(), quantity=D(0))) == 0


def test_what_was_looked_at_is_the_middle_of_the_snapshot_or_what_the_person_saw() -> None:
    case = viewed(case_of(), bid=D(4000), ask=D(4003))
    assert looked_at(case) == D("4001.5")
    assert looked_at(approved(case, "4100")) == D(4100)
    assert looked_at(approved(case, None)) == D("4001.5")
    assert looked_at(meant(case, instrument=ETH)) is None
    assert looked_at(viewed(case, bid=None)) is None
    assert looked_at(viewed(case, ask=None)) is None


def wide(case: Case) -> Case:
    return meant(viewed(case, bid=D(4000), ask=D("4000.01")), limit_price=None)


def test_a_buyers_limit_is_the_tick_below_the_envelope_or_his_own_if_lower() -> None:
    case = wide(case_of())  # 4000.005 and fifty basis points: 4020.005025
    assert protective_limit(case) == D("4020.00")
    assert protective_limit(meant(case, limit_price=D("4019.99"))) == D("4019.99")
    assert protective_limit(meant(case, limit_price=D("4020.01"))) == D("4020.00")


def test_a_sellers_limit_is_the_tick_above_the_envelope_below_the_live_bid_or_his_own_if_higher() -> None:
    case = marked(wide(case_of(A.CLOSE)), bid=D(4000), ask=D("4000.02"))  # middle 4000.01, width 20.00005
    assert protective_limit(case) == D("3980.00")
    assert protective_limit(marked(case, bid=D("3999.5"), ask=D("4000.5"))) == D("3979.50")
    assert protective_limit(meant(case, limit_price=D("3980.01"))) == D("3980.01")
    assert protective_limit(meant(case, limit_price=D("3979.99"))) == D("3980.00")
    assert protective_limit(marked(case, bid=D("4000.03"), ask=D("4000.04"))) == D("3980.03")


def test_a_purchase_is_paid_at_its_worst_price_with_twenty_basis_points_for_fees() -> None:
    assert cash_needed(case_of(quantity=D("0.5"), limit_price=D(4000))) == D(2004)
    tiny = case_of(quantity=D("0.000000000000000001"), limit_price=D("3999.99"))
    assert cash_needed(tiny) == exact.money(D("0.000000000000000001") * D("3999.99") * D("1.002"))


def test_an_order_says_what_was_judged_and_nothing_else() -> None:
    case = later(case_of(quantity=D("0.25"), limit_price=D(4003)), 1)
    order = order_for(case)
    assert case.mark is not None
    assert (order.side, order.quantity, order.limit_price, order.cancels) == ("BUY", D("0.25"), D(4003), None)
    assert (order.at, order.seq, order.attempt, order.step_id) == (case.now, 10_000, 1, "s1")
    assert order.time_in_force is m.TimeInForce.IOC
    assert order.valid_until == case.now + ORDER_LIFE_US == case.now + 60_000_000
    assert order.instrument == BTC
    quote = order.quote
    assert (quote.instrument, quote.bid, quote.ask) == (BTC, D(4000), D(4001))
    assert (quote.event_time, quote.partition, quote.offset) == (
        case.mark.event_time, case.mark.partition, case.mark.offset,
    )  # fmt: skip
    assert order_for(meant(case, time_in_force=m.TimeInForce.GTT)).time_in_force is m.TimeInForce.GTT
    soon = seen(case, flow_expires_at=case.now + 7)
    assert order_for(soon).valid_until == case.now + 7


def open_order() -> Order:
    return Order(
        dfid=bytes(16), step_id="s1", agent_id=SDS, action=A.BUY, side="BUY", instrument=ETH, quantity=D(1),
        cash=D(0), time_in_force=m.TimeInForce.GTT, valid_until=0, stop=None, target_price=None,
    )  # fmt: skip


def test_taking_an_order_back_needs_no_price_and_names_what_it_takes_back() -> None:
    case = case_of(A.CANCEL, target=b"k" * 32, instrument=None, quantity=D(0), time_in_force="GTT")
    order = order_for(replace(of_account(case, orders={b"k" * 32: open_order()}), mark=None))
    assert (order.instrument, order.cancels, order.side) == (ETH, b"k" * 32, "")
    assert (order.quantity, order.limit_price, order.time_in_force) == (D(0), D(0), m.TimeInForce.IOC)
    quote = order.quote
    assert quote.instrument == ETH
    assert (quote.bid, quote.ask, quote.event_time, quote.partition, quote.offset) == (D(0), D(0), 0, 0, 0)
    assert order_for(case).instrument == ""  # the order is gone already


# -- outcomes ----------------------------------------------------------------------------------------------


def refused(case: Case) -> tuple[str, str, bool]:
    found = decide(case)
    return Reason(found.ruling.reason).name, found.flow_status.value, found.reopens


def stale(case: Case) -> Case:
    return marked(case, bid=D(4100), ask=D(4101))


def test_a_curable_refusal_reopens_until_the_last_attempt() -> None:
    case = under(stale(case_of()), max_attempts=2)
    assert refused(case) == ("STALE_CONTEXT", "REJECTED", True)
    flow = world().flow(attempt=2)
    second = known(stale(case_of(flow=flow)), open_attempt=2, attempt=1)
    assert refused(under(second, max_attempts=3)) == ("STALE_CONTEXT", "REJECTED", True)
    assert refused(under(second, max_attempts=2)) == ("STALE_CONTEXT", "EXHAUSTED", False)
    assert refused(under(case, max_attempts=1)) == ("STALE_CONTEXT", "EXHAUSTED", False)


def test_what_no_second_look_can_cure_ends_the_flow() -> None:
    assert refused(under(case_of(), accounts=("paper-2",))) == ("UNAUTHORIZED_ACCOUNT", "REJECTED", False)
    person = approved(stale(known(case_of(), status=m.FlowStatus.ESCALATED)), "4000.5")
    assert refused(person) == ("STALE_CONTEXT", "REJECTED", False)


def test_what_the_first_gates_refuse_leaves_the_flow_as_it_was() -> None:
    case = case_of()
    assert refused(seen(case, attempt=2))[1:] == ("ACTIVE", False)
    taken = known(case, steps={"s1": bytes(32)}, status=m.FlowStatus.EXECUTING)
    assert refused(taken) == ("STEP_ALREADY_DECIDED", "EXECUTING", False)
    gone = known(case, exhausted=True, status=m.FlowStatus.ESCALATED)
    assert refused(gone) == ("REASONING_EXHAUSTION", "ESCALATED", False)
    gate_three = known(later(case_of(valid_until=case.now), 1), status=m.FlowStatus.ACTIVE)
    assert refused(gate_three) == ("TTL_EXPIRED", "REJECTED", False)


def test_an_accepted_answer_closes_or_executes() -> None:
    assert (decide(case_of()).flow_status, decide(case_of(A.HOLD)).flow_status) == ("EXECUTING", "CLOSED")
    assert decide(case_of(A.HOLD)).order is None
    may = {"allowed_actions": tuple(A), "forbidden_actions": (), "veto": True}
    back = case_of(A.CANCEL, target=b"k" * 32, instrument=None, quantity=D(0))
    back = decide(under(of_account(back, orders={b"k" * 32: open_order()}), **may))
    assert back.flow_status is m.FlowStatus.CLOSED
    assert back.order is not None
    halt = decide(under(case_of(A.HALT), **may))
    assert (halt.flow_status, halt.order) == (m.FlowStatus.CLOSED, None)


def test_the_first_question_is_the_one_a_person_is_asked_and_a_later_no_beats_it() -> None:
    case = case_of(confidence=D("0.1"))
    core = replace(case.state.core, standings={SDS: m.Standing.ESCALATION_ONLY})
    state = copy.copy(case.state)
    state.core = core
    both = replace(case, state=state)
    assert (judge(both).verdict, judge(both).reason) == (m.Verdict.ESCALATED, Reason.AGENT_ESCALATION_ONLY)
    assert (judge(case).verdict, judge(case).reason) == (m.Verdict.ESCALATED, Reason.LOW_CONFIDENCE)
    assert {fact.name for fact in judge(case).facts} == {"measured", "limit"}
    assert judge(stale(both)).verdict is m.Verdict.REJECTED


def reported(
    kind: m.ReportKind, reason: LaneReason, *, tokens: int = 0, window: bool = False
) -> tuple[str, int]:
    """How a report, or a window nobody won, leaves its flow."""
    found = world()
    flow = found.flow(("strategy", "risk") if window else (SDS,))
    if window:
        hold = found.report(flow, "risk", m.ReportKind.NO_PROPOSAL)
        asks = found.report(flow, "strategy", kind, reason)
        body = seal(found.window(flow, [asks, hold]), signer("arbiter"))
    else:
        body = seal(found.report(flow, SDS, kind, reason), signer(SDS))
    claim = read_claim(seal(flow, signer("selector")), body, ())
    assert claim is not None
    case = judged(found, flow, body)
    state = copy.copy(case.state)
    asker = "strategy" if window else SDS
    state.agents = {("paper-1", asker): AgentRecord(escalated=[case.now - HOUR_US + 1] * tokens)}
    decided = decide(replace(case, state=state))
    return decided.flow_status.value, decided.lane_reason


KIND = m.ReportKind


@pytest.mark.parametrize(
    ("kind", "reason", "wanted"),
    [
        (KIND.NO_PROPOSAL, LaneReason.NO_EDGE, "CLOSED"),
        (KIND.NO_PROPOSAL, LaneReason.UNREADABLE_INSTRUCTION, "CLOSED"),
        (KIND.ESCALATE, LaneReason.ESCALATED, "ESCALATED"),
        (KIND.ESCALATE, LaneReason.LOW_MASS, "ESCALATED"),
        (KIND.EXHAUSTED, LaneReason.VIOLATIONS_REMAIN, "ESCALATED"),
        (KIND.REFUSED, LaneReason.EXHAUSTED, "ESCALATED"),
        (KIND.REFUSED, LaneReason.ESCALATED_BY_VETO, "ESCALATED"),
        (KIND.REFUSED, LaneReason.ESCALATED, "ESCALATED"),
        (KIND.REFUSED, LaneReason.COMPLIANT_LIE_SUSPECTED, "ESCALATED"),
        (KIND.REFUSED, LaneReason.UNREADABLE_INSTRUCTION, "ESCALATED"),
        (KIND.REFUSED, LaneReason.LOW_MARGIN, "ABORTED"),
        (KIND.REFUSED, LaneReason.NO_EDGE, "ABORTED"),
        (KIND.REFUSED, LaneReason.NONE, "ABORTED"),
    ],
)
def test_a_report_closes_asks_or_aborts(kind: m.ReportKind, reason: LaneReason, wanted: str) -> None:
    assert reported(kind, reason) == (wanted, int(reason))


def test_without_a_token_nobody_is_asked() -> None:
    limit = world().contracts[SDS].escalation.budget_per_hour
    assert reported(KIND.ESCALATE, LaneReason.ESCALATED, tokens=limit - 1)[0] == "ESCALATED"
    assert reported(KIND.ESCALATE, LaneReason.ESCALATED, tokens=limit)[0] == "ABORTED"


def test_a_window_nobody_won_closes_or_asks_by_its_own_reason() -> None:
    assert reported(KIND.ESCALATE, LaneReason.ESCALATED, window=True) == (
        "ESCALATED", int(LaneReason.ESCALATED),
    )  # fmt: skip
    assert reported(KIND.NO_PROPOSAL, LaneReason.NOT_CONCERNED, window=True) == (
        "CLOSED", int(LaneReason.NO_EDGE),
    )  # fmt: skip
    limit = world().contracts["strategy"].escalation.budget_per_hour
    assert reported(KIND.ESCALATE, LaneReason.ESCALATED, window=True, tokens=limit)[0] == "ABORTED"


def test_an_agent_under_a_contract_nobody_released_has_no_token() -> None:
    found = World()
    flow = found.flow(("strategy", "risk"))
    strange = tuple(replace(each, version="9.9.9") for each in flow.woken)
    flow = replace(flow, woken=strange)
    asks = found.report(flow, "strategy", KIND.ESCALATE, LaneReason.ESCALATED)
    found.propose(flow, found.window(flow, [asks, found.report(flow, "risk")]))
    found.run()
    assert (found.verdict.verdict, found.verdict.flow_status) == (m.Verdict.REPORTED, m.FlowStatus.ABORTED)


def test_an_intent_has_no_reason_of_a_lane() -> None:
    assert lane_reason(case_of().claim.inside) == 0


# -- receipts ----------------------------------------------------------------------------------------------


def order(side: str = "BUY", **fields: Any) -> Order:
    base: dict[str, Any] = {
        "dfid": bytes(16), "step_id": "s1", "agent_id": SDS, "action": A.BUY, "side": side, "instrument": BTC,
        "quantity": D(10), "cash": D(1002), "time_in_force": m.TimeInForce.GTT, "valid_until": 0,
        "stop": None, "target_price": None,
    }  # fmt: skip
    return Order(**(base | fields))


def receipt(status: m.ReceiptStatus, quantity: str = "0", price: str = "100", fee: str = "0") -> m.Receipt:
    return m.Receipt(
        ledger=bytes(16), account="paper-1", dfid=bytes(16), key=b"k", venue="paper", venue_order_id="v",
        status=status, quantity=D(quantity), average_price=D(price), fee=D(fee), raw_hash=bytes(32),
        attempt=1, at=0,
    )  # fmt: skip


@pytest.mark.parametrize("status", list(S))
def test_an_immediate_order_ends_with_its_first_fill_and_a_waiting_one_with_its_last(
    status: m.ReceiptStatus,
) -> None:
    final = status not in (S.SENT, S.PARTIAL, S.UNKNOWN)
    assert is_final(receipt(status), order()) is final
    immediate = order(time_in_force=m.TimeInForce.IOC)
    assert is_final(receipt(status), immediate) is (final or status is S.PARTIAL)


def test_news_goes_on_by_rank_then_by_quantity_and_never_back() -> None:
    first = order()
    assert is_news(receipt(S.SENT), first)
    partly = order(status=S.PARTIAL, filled=D(4))
    assert not is_news(receipt(S.SENT, "5"), partly)
    assert not is_news(receipt(S.PARTIAL, "4"), partly)
    assert not is_news(receipt(S.PARTIAL, "3"), partly)
    assert is_news(receipt(S.PARTIAL, "4.1"), partly)
    assert is_news(receipt(S.FILLED, "4"), partly)
    assert not is_news(receipt(S.FILLED, "3.9"), partly)
    assert is_news(receipt(S.UNKNOWN, "4"), partly)
    assert not is_news(receipt(S.PARTIAL, "9"), order(status=S.UNKNOWN, filled=D(4)))
    for one in (S.FILLED, S.DECLINED, S.CANCELLED, S.EXPIRED, S.NOT_SENT):
        done = order(status=one, filled=D(4))
        assert not is_news(receipt(S.FILLED, "4"), done)
        assert is_news(receipt(S.FILLED, "5"), done)


def test_figures_can_be_true_up_to_the_whole_order() -> None:
    partly = order(filled=D(4), paid=D(400), fee=D(1))
    for said, wanted in (
        (receipt(S.PARTIAL, "5", "100", "1"), True),
        (receipt(S.FILLED, "10", "100", "1"), True),
        (receipt(S.FILLED, "10.000000000000000001", "100", "1"), False),
        (receipt(S.PARTIAL, "3.9", "110", "1"), False),
        (receipt(S.PARTIAL, "5", "80", "1"), True),
        (receipt(S.PARTIAL, "5", "79.99", "1"), False),
        (receipt(S.PARTIAL, "5", "100", "0.99"), False),
        (receipt(S.CANCELLED, "4", "100", "1.5"), True),
        (receipt(S.CANCELLED, "4", "100.01", "1.5"), False),
        (receipt(S.CANCELLED, "4", "99.99", "1.5"), False),
    ):
        assert possible(said, partly) is wanted, said
    assert possible(receipt(S.SENT, "0", "0"), order())
    assert not possible(receipt(S.SENT, "0", "-1"), order())
    assert not possible(receipt(S.SENT, "0", "0", "-1"), order())


def test_no_receipt_brings_more_money_than_a_ledger_can_hold() -> None:
    most = str(exact.MONEY_MAX)
    over = str(exact.MONEY_MAX + D("0.01"))
    assert possible(receipt(S.FILLED, "1", most), order())
    assert not possible(receipt(S.FILLED, "1", over), order())
    assert possible(receipt(S.FILLED, "1", "1", most), order())
    assert not possible(receipt(S.FILLED, "1", "1", over), order())


@pytest.mark.parametrize(
    ("said", "side", "wanted"),
    [
        (receipt(S.FILLED, "1"), "BUY", "CLOSED"),
        (receipt(S.CANCELLED, "1"), "BUY", "CLOSED"),
        (receipt(S.CANCELLED, "0"), "BUY", "ABORTED"),
        (receipt(S.CANCELLED, "0"), "", "CLOSED"),
        (receipt(S.DECLINED, "0"), "", "ABORTED"),
        (receipt(S.DECLINED, "0"), "SELL", "ABORTED"),
        (receipt(S.UNKNOWN, "0"), "BUY", "SUSPENDED"),
        (receipt(S.SENT, "0"), "BUY", "EXECUTING"),
        (receipt(S.PARTIAL, "1"), "BUY", "EXECUTING"),
    ],
)
def test_a_receipt_leaves_its_flow_closed_if_anything_was_done(
    said: m.Receipt, side: str, wanted: str
) -> None:
    assert status_after(said, order(side)).value == wanted


def bought(world_: World, quantity: str, force: m.TimeInForce = m.TimeInForce.GTT) -> m.KernelIntent:
    flow = world_.flow()
    world_.propose(flow, world_.intent(flow, quantity=D(quantity), time_in_force=force))
    world_.run()
    return world_.order


def money(world_: World) -> tuple[Any, ...]:
    found = world_.kernel.state.accounts["paper-1"]
    assert found.money_holds()
    return found.cash, found.reserved_cash, found.fees, found.realised, found.at_cost()


def test_a_purchase_filled_in_two_parts_moves_money_by_what_is_new_each_time() -> None:
    found = World()
    bid = bought(found, "0.5")
    asked = found.kernel.state.accounts["paper-1"].orders[bid.key]
    set_aside = D("0.5") * bid.limit_price * D("1.002")
    assert money(found) == (100_000 - set_aside, set_aside, 0, 0, 0)
    found.receipt(bid, S.PARTIAL, D("0.2"), D(4000), "1")
    found.run()
    assert money(found) == (100_000 - set_aside, set_aside - 801, 1, 0, 800)
    found.receipt(bid, S.PARTIAL, D("0.2"), D(4000), "1")  # again: no news
    found.receipt(bid, S.FILLED, D("0.5"), D(4001), "3")
    found.run()
    assert money(found) == (100_000 - D("2000.5") - 3, 0, 3, 0, D("2000.5"))
    (held,) = found.kernel.state.accounts["paper-1"].positions.values()
    assert (held.quantity, held.reserved) == (D("0.5"), 0)
    assert (held.stop, held.target_price) == (asked.stop, asked.target_price) != (None, None)
    assert found.kernel.state.accounts["paper-1"].orders == {}


def test_a_sale_in_two_parts_realises_its_share_of_the_cost_and_pays_its_fees() -> None:
    found = World()
    bid = bought(found, "0.5")
    found.receipt(bid, S.FILLED, D("0.5"), D(4000), "2")
    found.run()
    flow = found.flow()
    found.propose(flow, found.intent(flow, A.CLOSE, time_in_force=m.TimeInForce.GTT))
    found.run()
    ask = found.order
    (held,) = found.kernel.state.accounts["paper-1"].positions.values()
    assert (held.quantity, held.reserved, held.stop is None, held.target_price is None) == (
        D("0.5"), D("0.5"), False, False,
    )  # fmt: skip
    found.receipt(ask, S.PARTIAL, D("0.2"), D(4100), "1")
    found.run()
    assert money(found) == (D(98_000) - 2 + 820 - 1, 0, 3, 20, 1200)
    assert (held.quantity, held.reserved) == (D("0.3"), D("0.3"))
    found.receipt(ask, S.CANCELLED, D("0.2"), D(4100), "1.5")  # the rest is taken back, at a last fee
    found.run()
    assert money(found) == (D(98_000) - 2 + 820 - D("1.5"), 0, D("3.5"), 20, 1200)
    (held,) = found.kernel.state.accounts["paper-1"].positions.values()
    assert (held.quantity, held.reserved) == (D("0.3"), 0)
    flow = found.flow()
    found.propose(flow, found.intent(flow, A.CLOSE))
    found.run()
    found.receipt(found.order, S.FILLED, D("0.3"), D(3900), "0")
    found.run()
    assert money(found) == (D(98_000) - 2 + 820 - D("1.5") + 1170, 0, D("3.5"), -10, 0)
    assert found.kernel.state.accounts["paper-1"].positions == {}


def test_what_a_purchase_cost_beyond_its_reservation_comes_from_free_cash() -> None:
    found = World()
    bid = bought(found, "0.5")
    found.receipt(bid, S.FILLED, D("0.5"), D(5000), "10")
    found.run()
    assert money(found) == (100_000 - 2510, 0, 10, 0, 2500)


def test_a_declined_order_gives_back_what_it_set_aside_and_keeps_its_fee() -> None:
    found = World()
    bid = bought(found, "0.5")
    found.receipt(bid, S.DECLINED, D(0), D(0), "0.25")
    found.run()
    assert money(found) == (D("99999.75"), 0, D("0.25"), 0, 0)
    assert found.kernel.state.accounts["paper-1"].positions == {}


def test_an_order_taken_back_pays_its_fee_from_free_cash() -> None:
    account = Account(account="paper-1", cash=D(100), deposits=D(100))
    reserve(account, b"k", order("", cash=D(0), quantity=D(0)))
    assert (account.cash, account.reserved_cash) == (D(100), 0)
    release(account, b"k")
    assert (account.cash, account.orders) == (D(100), {})


def test_reserving_and_releasing_are_each_others_inverse() -> None:
    held = Held(quantity=D(10), reserved=D(1), total_cost=D(5))
    account = Account(account="paper-1", cash=D(5000), positions={BTC: held})
    reserve(account, b"b", order("BUY"))
    assert (account.cash, account.reserved_cash, held.reserved) == (D(3998), D(1002), D(1))
    release(account, b"b")
    assert (account.cash, account.reserved_cash, held.reserved) == (D(5000), D(0), D(1))
    reserve(account, b"s", order("SELL", cash=D(0), quantity=D(4)))
    assert (account.cash, account.reserved_cash, held.reserved) == (D(5000), D(0), D(5))
    account.orders[b"s"].filled = D(3)
    release(account, b"s")
    assert held.reserved == D(4)


def test_a_receipt_for_a_flow_that_is_over_moves_money_and_no_status() -> None:
    found = World()
    bid = bought(found, "0.5")
    found.kernel.state.flows[bid.dfid].ended(m.FlowStatus.ABORTED)
    found.receipt(bid, S.FILLED, D("0.5"), D(4000))
    found.run()
    assert found.kernel.state.flows[bid.dfid].status is m.FlowStatus.ABORTED
    assert money(found)[4] == 2000
