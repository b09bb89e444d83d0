"""Laws of sagas: whatever a venue answers, money is kept, and the ledger alone tells the same story."""

from __future__ import annotations

import os
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import snapshot
from kernel.entries import next_entry
from kernel.fold import fold
from kernel.replay import replay
from kernel.state.whole import State
from ledger.chain import Head
from ledger.envelope import opened
from ledger.findings import Code, Findings
from ledger.trust import Trust
from ledger.verify import Common, Level, Partition
from rules.contract import Compensation
from schemas import models as m
from tests.build import ACCOUNT, BTC, ETH, LEDGER, World, identity, signer

S, Tif = m.ReceiptStatus, m.TimeInForce
ENDS = (S.FILLED, S.DECLINED, S.CANCELLED, S.EXPIRED, S.NOT_SENT, S.UNKNOWN)
DIGITS = Decimal(1).scaleb(-18)
OPEN = Decimal(100_000)
EXAMPLES = int(os.environ.get("LAWS", "12"))  # a few in every check, thousands in a campaign
FEW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

prices = st.integers(3_900_000_007, 4_100_000_009).map(lambda n: Decimal(n) / 1_000_003)
fills = st.tuples(st.integers(1, 9), prices, st.integers(0, 999).map(lambda n: Decimal(n) / 997))
answers = st.tuples(st.lists(fills, max_size=2), st.sampled_from(ENDS), st.sampled_from((True, True, False)))
turns = st.tuples(
    st.sampled_from(("buy", "sell")),
    st.sampled_from((Tif.GTT, Tif.GTT, Tif.IOC)),
    st.lists(st.tuples(st.integers(0, 3), answers), min_size=1, max_size=3),
    st.sampled_from(("clear", "clear", "settle", "restart", "")),
)
stories = st.lists(turns, min_size=2, max_size=6)


def cut(value: Decimal) -> Decimal:
    return value.quantize(DIGITS, ROUND_HALF_EVEN)


class Saga:
    """Orders of one account and a venue that answers them anyhow; its books are kept here, apart."""

    def __init__(self, policy: Compensation) -> None:
        self.world = World(changed={"sovereign": {"compensation": policy}})
        self.orders: list[m.KernelIntent] = []
        self.done: dict[bytes, tuple[m.KernelIntent, Decimal, Decimal, Decimal]] = {}

    def play(self, side: str, tif: m.TimeInForce, said: list[Any], then: str) -> None:
        """An order where it is allowed, answers to whatever is out, and something an operator does."""
        self.trade(side, tif)
        self.run()
        for which, answer in said:
            if self.orders:
                self.answer(self.orders[which % len(self.orders)], *answer)
                self.run()
        if then == "clear":
            self.world.control(m.Verb.CLEAR, account=ACCOUNT)
        elif then == "settle" and self.orders:
            order = self.orders.pop(0)
            self.world.control(m.Verb.SETTLE, account=ACCOUNT, target=order.key)
        elif then == "restart":
            self.world.restart()
        self.run()

    def run(self) -> None:
        for each in self.world.run():
            if type(each) is m.Envelope:
                self.orders.append(opened(each, m.KernelIntent))
        account = self.world.kernel.state.accounts[ACCOUNT]
        assert account.money_holds()
        assert account.reserved_cash == sum((each.cash for each in account.orders.values()), Decimal(0)) >= 0
        assert all(0 <= held.reserved <= held.quantity for held in account.positions.values())

    def trade(self, side: str, tif: m.TimeInForce) -> None:
        world = self.world
        world.tick(1)
        for name, bid, ask in ((BTC, "4000", "4001"), (ETH, "300", "300.1")):
            world.quote(name, bid, ask)
        flow = world.flow()
        quantity = {"quantity": Decimal("0.30000000000000007") if side == "buy" else Decimal("0.1")}
        plain = {} if side == "buy" else {"stop": None, "target_price": None}
        action = m.Action.BUY if side == "buy" else m.Action.SELL
        world.propose(flow, world.intent(flow, action, time_in_force=tif, **quantity, **plain))

    def answer(
        self,
        order: m.KernelIntent,
        parts: list[tuple[int, Decimal, Decimal]],
        end: m.ReceiptStatus,
        ends: bool,
    ) -> None:
        """Some fills, then perhaps an end; cumulative, as a venue says it."""
        for tenths, price, fee in parts:
            self.fill(order, cut(order.quantity * tenths / 10), price, fee, S.PARTIAL)
            if order.time_in_force is Tif.IOC:  # nothing more comes of it
                self.orders.remove(order)
                return
        if ends:
            whole = order.quantity if end is S.FILLED else Decimal(0)
            self.fill(order, whole, Decimal(4000), Decimal(1) / 7, end)
            self.orders.remove(order)

    def fill(
        self, order: m.KernelIntent, wanted: Decimal, price: Decimal, fee: Decimal, status: m.ReceiptStatus
    ) -> None:
        _, before, paid, fees = self.done.get(order.key, (order, Decimal(0), Decimal(0), Decimal(0)))
        quantity = max(wanted, before)
        if status is S.PARTIAL and quantity == before:
            return
        average = cut((paid + (quantity - before) * price) / quantity) if quantity else Decimal(0)
        average += DIGITS if quantity and cut(quantity * average) < paid else 0
        total = cut(fees + (fee if quantity > before else 0))
        self.world.receipt(order, status, quantity, average, str(total))
        self.done[order.key] = (order, quantity, cut(quantity * average), total)
        self.run()

    def books(self) -> tuple[Decimal, dict[str, Decimal], Decimal]:
        """Cash free or reserved, positions and fees, from the venue's answers alone."""
        cash, held, fees = OPEN, dict.fromkeys((BTC, ETH), Decimal(0)), Decimal(0)
        for order, quantity, paid, fee in self.done.values():
            sign = 1 if order.side == "BUY" else -1
            cash -= sign * paid + fee
            held[order.instrument] += sign * quantity
            fees += fee
        return cash, {name: quantity for name, quantity in held.items() if quantity}, fees


def told(policy: Compensation, story: list[Any]) -> Saga:
    saga = Saga(policy)
    for turn in story:
        saga.play(*turn)
    return saga


@FEW
@given(st.sampled_from(Compensation), stories)
def test_money_is_conserved_to_the_last_digit_whatever_is_filled(policy: Compensation, story: Any) -> None:
    saga = told(policy, story)
    account = saga.world.kernel.state.accounts[ACCOUNT]
    cash, held, fees = saga.books()
    assert account.cash + account.reserved_cash == cash
    assert {name: each.quantity for name, each in account.positions.items()} == held
    assert account.fees == fees


@FEW
@given(st.sampled_from(Compensation), stories)
def test_the_ledger_alone_tells_the_same_story(policy: Compensation, story: Any) -> None:
    """Replay rules alike, the fold from the beginning is the live state, and the verifier finds nothing."""
    world = told(policy, story).world
    found = replay(world.ledger)
    assert (found.differences, found.stopped) == ([], "")
    state, head = State(identity()), Head(ledger=LEDGER, partition=0)
    for value in world.ledger:
        entry = next_entry(head, value)
        fold(state, entry.kind, entry.body, entry.seq)
        head = entry.head
    assert snapshot.texts(state) == snapshot.texts(world.kernel.state)
    world.tick(2)
    world.run()
    world.run()
    trust = Trust(ledger=LEDGER, operator="interlock.test", roots=(signer("root").public,), witnesses=())
    findings = Findings()
    common = Common(level=Level.EVIDENCE, findings=findings, anchors=[], trust=trust)
    Partition(source="test", common=common).read(world.ledger)
    assert findings.counts == {Code.UNANCHORED.name: 1}, findings.kept


@FEW
@given(st.sampled_from(Compensation), stories)
def test_a_dirty_account_takes_on_no_risk_but_to_put_a_failure_right(
    policy: Compensation, story: Any
) -> None:
    """A purchase out of a dirty account is a compensation, and none of those is compensated."""
    world = told(policy, story).world
    state, head = State(identity()), Head(ledger=LEDGER, partition=0)
    for value in world.ledger:
        entry = next_entry(head, value)
        account, body = state.accounts.get(ACCOUNT), entry.body
        if isinstance(body, m.DecisionEntry) and body.intent is not None and account and account.dirty:
            assert opened(body.intent, m.KernelIntent).side == "SELL"
        if isinstance(body, m.ReceiptEntry) and body.compensations:
            order = account.orders[opened(body.receipt, m.Receipt).key] if account else None
            assert order is not None
            assert not order.step_id.startswith("comp-")
        fold(state, entry.kind, body, entry.seq)
        head = entry.head
