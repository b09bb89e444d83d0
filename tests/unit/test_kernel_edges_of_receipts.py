"""A receipt folded by itself, on the edge: no news, no flow, nothing held, and a person's word before it."""

from __future__ import annotations

import copy
from typing import Any

from kernel.folds.receipts import contradicts, fold_receipt, order_of, release, reserve
from kernel.orders import order_for
from kernel.state.accounts import Account, Held, Order
from kernel.state.flows import Flow
from kernel.state.mandates import Mandate
from kernel.state.whole import State
from ledger.envelope import seal
from schemas import models as m
from tests.build import identity, signer
from tests.gate_bench import BTC, SDS, A, D, case_of

S = m.ReceiptStatus
KEY, DFID = b"k" * 32, b"d" * 16


def order(side: str = "BUY", **fields: Any) -> Order:
    base: dict[str, Any] = {
        "dfid": DFID, "step_id": "s1", "agent_id": SDS, "action": A.BUY, "side": side, "instrument": BTC,
        "quantity": D(10), "cash": D(1002) if side == "BUY" else D(0), "time_in_force": m.TimeInForce.GTT,
        "valid_until": 0, "stop": None, "target_price": None,
    }  # fmt: skip
    return Order(**(base | fields))


def flow(**fields: Any) -> Flow:
    base: dict[str, Any] = {
        "dfid": DFID, "account": "paper-1", "lane": m.Lane.SDS, "decision_class": "test", "trigger_time": 0,
        "expires_at": 9, "open_attempt": 1, "attempt": 1, "flow_hash": bytes(32), "contexts": [],
        "opened": None, "status": m.FlowStatus.EXECUTING,
    }  # fmt: skip
    return Flow(**(base | fields))


def state(open_order: Order | None, known: Flow | None = None, *, held: str = "0") -> State:
    """One account of 5,000 USD with an open order, and perhaps bitcoin bought at 100."""
    found = State(identity())
    quantity = D(held)
    positions = {BTC: Held(quantity=quantity, total_cost=quantity * 100)} if quantity else {}
    account = Account(account="paper-1", cash=D(5000), deposits=D(5000) + quantity * 100, positions=positions)
    if open_order is not None:
        reserve(account, KEY, open_order)
    found.accounts["paper-1"] = account
    found.index(account, frozenset())
    if known is not None:
        found.flows[DFID] = known
    return found


def receipt(status: m.ReceiptStatus, quantity: str = "0", price: str = "100", fee: str = "0") -> m.Receipt:
    return m.Receipt(
        ledger=bytes(16), account="paper-1", dfid=DFID, key=KEY, venue="paper", venue_order_id="v",
        status=status, quantity=D(quantity), average_price=D(price), fee=D(fee), raw_hash=bytes(32),
        attempt=1, at=0,
    )  # fmt: skip


def folded(found: State, said: m.Receipt, leaves: m.FlowStatus = m.FlowStatus.EXECUTING) -> Account:
    entry = m.ReceiptEntry(
        receipt=seal(said, signer("executor")), dfid=said.dfid, flow_status=leaves, compensations=()
    )
    fold_receipt(found, entry)
    return found.accounts["paper-1"]


def test_what_is_told_twice_or_of_an_order_that_is_over_moves_nothing() -> None:
    found = state(order(), flow())
    folded(found, receipt(S.PARTIAL, "4", fee="1"))
    before = copy.deepcopy(found.accounts["paper-1"])
    found.dirty.clear()
    for again in (receipt(S.PARTIAL, "4", fee="2"), receipt(S.PARTIAL, "3"), receipt(S.SENT)):
        assert folded(found, again, m.FlowStatus.ABORTED) == before
    over = state(None, flow())
    untouched = copy.deepcopy(over.accounts["paper-1"])
    assert folded(over, receipt(S.FILLED, "10"), m.FlowStatus.CLOSED) == untouched
    for each in (found, over):
        assert each.flows[DFID].status is m.FlowStatus.EXECUTING
        assert each.dirty == {}


def test_a_receipt_ends_a_living_flow_and_moves_money_of_one_that_is_over_or_gone() -> None:
    closed = m.FlowStatus.CLOSED
    for known, status in (
        (flow(), closed),
        (flow(status=m.FlowStatus.ABORTED), m.FlowStatus.ABORTED),
        (flow(status=m.FlowStatus.SUSPENDED), closed),
        (None, None),
    ):
        found = state(order(), known)
        account = folded(found, receipt(S.FILLED, "10"), closed)
        assert account.held(BTC).quantity == 10
        assert (None if known is None else known.status) is status
        assert list(found.dirty) == ["paper-1"]


def test_who_holds_an_instrument_is_known_after_every_receipt() -> None:
    found = state(order())
    assert found.holders == {BTC: {"paper-1"}}
    folded(found, receipt(S.DECLINED))
    assert found.holders == {}  # nothing is held or meant to be any more: no mark can move it


def test_a_purchase_is_paid_from_what_it_set_aside_and_beyond_that_from_cash() -> None:
    found = state(order())
    account = folded(found, receipt(S.PARTIAL, "4", fee="1"))
    assert (account.cash, account.reserved_cash, account.fees) == (D(3998), D(601), D(1))
    assert account.held(BTC).total_cost == D(400)
    account = folded(found, receipt(S.FILLED, "10", "101", fee="3"))
    assert (account.cash, account.reserved_cash, account.fees) == (D(3987), D(0), D(3))
    assert account.held(BTC).total_cost == D(1010)


def test_an_order_to_buy_sets_its_cost_and_twenty_basis_points_aside_and_one_to_sell_no_cash() -> None:
    signed = order_for(case_of(quantity=D("0.5"), limit_price=D(4000)))
    kept = order_of(signed, SDS, stop=D(3900), target_price=D(4200))
    assert (kept.cash, kept.quantity, kept.limit_price) == (D(2004), D("0.5"), D(4000))
    assert (kept.stop, kept.target_price, kept.filled, kept.status) == (D(3900), D(4200), D(0), None)
    assert order_of(order_for(case_of(A.CLOSE)), SDS).cash == D(0)


def test_the_last_fee_of_a_sale_that_left_nothing_is_paid_from_cash() -> None:
    found = state(order("SELL"), held="10")
    account = folded(found, receipt(S.PARTIAL, "10", fee="1"))
    assert (account.positions, account.cash, account.fees) == ({}, D(5999), D(1))
    account = folded(found, receipt(S.FILLED, "10", fee="3"))
    assert (account.positions, account.cash, account.fees, account.orders) == ({}, D(5997), D(3), {})


def test_a_sale_that_sold_nothing_gives_everything_back_and_keeps_its_fee() -> None:
    account = folded(state(order("SELL"), held="12"), receipt(S.CANCELLED, "0", fee="2"))
    held = account.held(BTC)
    assert (held.quantity, held.reserved, held.total_cost) == (D(12), D(0), D(1200))
    assert (account.cash, account.realised, account.fees) == (D(4998), D(0), D(2))


def test_a_venue_contradicts_a_person_only_by_more_than_he_settled() -> None:
    said = receipt(S.FILLED, "4")
    for known, wanted in (
        (None, False),
        (flow(), False),
        (flow(settled={b"j" * 32: D(1)}), False),
        (flow(settled={KEY: D(4)}), False),
        (flow(settled={KEY: D("3.9")}), True),
        (flow(settled={KEY: D(0)}), True),
    ):
        assert contradicts(state(None, known), said) is wanted


def mandate(**fields: Any) -> Mandate:
    base: dict[str, Any] = {
        "dfid": b"p" * 16, "step_id": "s1", "seq": 1, "agent_id": "prover", "contract_version": "1.0.0",
        "keyid": bytes(32), "instrument": BTC, "side": m.Side.BUY, "total": D(20), "used": D(15),
        "price_low": D(1), "price_high": D(2), "expires_at": 9, "orders": {KEY},
    }  # fmt: skip
    return Mandate(**(base | fields))


def test_what_a_childs_order_left_unfilled_goes_back_to_its_mandate() -> None:
    frame = mandate()
    account = Account(account="paper-1", cash=D(5000), mandates={frame.name: frame})
    reserve(account, KEY, order(filled=D(4)))
    release(account, KEY)
    assert (frame.used, frame.orders) == (D(9), set())
    used_up = mandate(used=D(20))
    account = Account(account="paper-1", cash=D(5000), mandates={used_up.name: used_up})
    reserve(account, KEY, order(filled=D(10)))
    release(account, KEY)
    assert account.mandates == {}
