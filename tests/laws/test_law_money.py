"""Money is conserved to the last digit: over any fills, partials, fees, prices, funds and settlements."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.envelope import opened
from schemas import models as m
from schemas.money import SCALE
from tests.build import ACCOUNT, BTC, ETH
from tests.campaign import FEW
from tests.vectors.scenes import desk

LAST_DIGIT = Decimal(1).scaleb(-SCALE)
STATUSES = tuple(m.ReceiptStatus)
amounts = st.decimals(min_value=LAST_DIGIT, max_value=Decimal(3), places=SCALE, allow_nan=False)
shares = st.integers(0, 1_000).map(lambda part: Decimal(part) / 1_000)
figures = st.decimals(min_value=0, max_value=Decimal(9_000), places=SCALE, allow_nan=False)
fees = st.decimals(min_value=0, max_value=Decimal(50), places=SCALE, allow_nan=False)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), amounts, st.sampled_from((BTC, ETH))),
        st.tuples(st.just("sell"), shares, st.sampled_from((BTC, ETH))),
        st.tuples(st.just("receipt"), shares, figures, fees, st.sampled_from(STATUSES)),
        st.tuples(st.just("receipt"), shares, figures, fees, st.sampled_from(STATUSES)),
        st.tuples(st.just("fund"), amounts),
        st.tuples(st.just("withdraw"), figures),
        st.tuples(st.just("settle")),
        st.tuples(st.just("quote"), st.sampled_from(("3990", "4010", "4000")), st.just(BTC)),
    ),
    min_size=2,
    max_size=14,
)


class Till:
    """Trades an account and keeps its own books: what the venue said and what was paid in, as fractions."""

    def __init__(self) -> None:
        self.world = desk(deposit="100000")
        self.orders: dict[bytes, m.KernelIntent] = {}
        self.paid_in = Fraction(100_000)
        self.flowed: dict[bytes, tuple[Fraction, Fraction]] = {}  # key -> money the venue moved, fee it took

    @property
    def account(self) -> Any:
        return self.world.kernel.state.accounts[ACCOUNT]

    def settled(self) -> None:
        for output in self.world.run():
            if type(output) is m.Envelope:
                order = opened(output, m.KernelIntent)
                self.orders[order.key] = order

    def buy(self, quantity: Decimal, instrument: str) -> None:
        flow = self.world.flow(instrument=instrument)
        self.world.propose(flow, self.world.intent(flow, quantity=quantity))

    def sell(self, share: Decimal, instrument: str) -> None:
        held = self.account.held(instrument).quantity
        quantity = (held * share).quantize(LAST_DIGIT)
        if quantity > 0:
            flow = self.world.flow(instrument=instrument)
            self.world.propose(flow, self.world.intent(flow, m.Action.SELL, quantity=quantity))

    def receipt(self, share: Decimal, price: Decimal, fee: Decimal, status: m.ReceiptStatus) -> None:
        """The newest open order is told something; the books take it over when the account did."""
        open_orders = [key for key in self.orders if key in self.account.orders]
        if not open_orders:
            return
        key = open_orders[-1]
        order, known = self.orders[key], self.account.orders[key]
        quantity = (
            order.quantity
            if status is m.ReceiptStatus.FILLED
            else (order.quantity * share).quantize(LAST_DIGIT)
        )
        before = (known.status, known.filled, known.fee)
        self.world.receipt(order, status, quantity, price, fee=format(fee, "f"))
        self.settled()
        after = self.account.orders.get(key)
        if after is None or (after.status, after.filled, after.fee) != before:
            moved = Fraction((quantity * price).quantize(LAST_DIGIT)) * (-1 if order.side == "BUY" else 1)
            self.flowed[key] = (moved, Fraction(fee))

    def fund(self, amount: Decimal) -> None:
        self.world.control(m.Verb.FUND, account=ACCOUNT, amount=amount)
        self.paid_in += Fraction(amount)

    def withdraw(self, amount: Decimal) -> None:
        if 0 < amount <= self.account.cash:
            self.world.control(m.Verb.WITHDRAW, account=ACCOUNT, amount=amount)
            self.paid_in -= Fraction(amount)

    def settle(self) -> None:
        for key in sorted(self.account.orders)[:1]:
            self.world.control(m.Verb.SETTLE, account=ACCOUNT, target=key)

    def quote(self, price: str, instrument: str) -> None:
        self.world.tick(1)
        self.world.quote(instrument, price, str(Decimal(price) + 1))

    def check(self) -> None:
        account = self.account
        cash = Fraction(account.cash) + Fraction(account.reserved_cash)
        worth = cash + sum(Fraction(held.total_cost) for held in account.positions.values())
        earned = Fraction(account.deposits) - Fraction(account.withdrawals) + Fraction(account.realised)
        assert earned - Fraction(account.fees) == worth
        moved = sum(money for money, _ in self.flowed.values())
        taken = sum(fee for _, fee in self.flowed.values())
        assert cash == self.paid_in + moved - taken
        assert Fraction(account.fees) == taken
        assert Fraction(account.reserved_cash) == sum(Fraction(each.cash) for each in account.orders.values())
        for held in account.positions.values():
            assert 0 <= held.reserved <= held.quantity


@FEW
@given(ACTS)
def test_money_is_conserved_to_the_last_digit_and_agrees_with_the_venues_books(acts: list[Any]) -> None:
    till = Till()
    for kind, *told in acts:
        getattr(till, kind)(*told)
        till.settled()
        till.check()


def test_the_last_digit_counts() -> None:
    till = Till()
    till.check()
    till.account.cash -= LAST_DIGIT
    try:
        till.check()
    except AssertionError:
        return
    raise AssertionError("a digit that was lost was not missed")
