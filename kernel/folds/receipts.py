"""A receipt moves money: what was filled, at what cost, and what of a reservation comes back."""

from __future__ import annotations

from decimal import Decimal

from kernel import exact, opening
from kernel.exact import ZERO
from kernel.orders import FEE_RESERVE_BPS
from kernel.state.accounts import Account, Held, Order
from kernel.state.mandates import give_back
from kernel.state.whole import State
from schemas.models import FlowStatus, KernelIntent, Receipt, ReceiptEntry, ReceiptStatus, TimeInForce
from schemas.money import CONTEXT

RANK = {
    ReceiptStatus.SENT: 0,
    ReceiptStatus.PARTIAL: 1,
    ReceiptStatus.UNKNOWN: 2,
    ReceiptStatus.FILLED: 3,
    ReceiptStatus.DECLINED: 3,
    ReceiptStatus.CANCELLED: 3,
    ReceiptStatus.EXPIRED: 3,
    ReceiptStatus.NOT_SENT: 3,
}
FINAL_RANK = 3


def is_final(receipt: Receipt, order: Order) -> bool:
    """Say whether nothing more can come: the rest of a partly filled immediate order is gone."""
    if RANK[receipt.status] == FINAL_RANK:
        return True
    return receipt.status is ReceiptStatus.PARTIAL and order.time_in_force is TimeInForce.IOC


def is_news(receipt: Receipt, order: Order) -> bool:
    """Say whether the receipt goes on from what is folded: by status rank, then by cumulative quantity."""
    if order.status is None:
        return True
    now, before = (RANK[receipt.status], receipt.quantity), (RANK[order.status], order.filled)
    return now > before and receipt.quantity >= order.filled


def possible(receipt: Receipt, order: Order) -> bool:
    """Say whether the figures can be true: nothing beyond the order, nothing back, nothing for nothing."""
    paid = cost_of(receipt)
    grown = receipt.quantity >= order.filled and paid >= order.paid and receipt.fee >= order.fee
    if receipt.quantity == order.filled and paid != order.paid:
        return False  # the same fills cannot have cost more: there is no position to book the difference on
    held = max(paid, receipt.fee) <= exact.MONEY_MAX
    return grown and held and receipt.quantity <= order.quantity and receipt.average_price >= 0


def status_after(receipt: Receipt, order: Order) -> FlowStatus:
    """Where a receipt that is news leaves its flow."""
    if is_final(receipt, order):
        done = receipt.quantity > 0 or (order.side == "" and receipt.status is ReceiptStatus.CANCELLED)
        return FlowStatus.CLOSED if done else FlowStatus.ABORTED
    return FlowStatus.SUSPENDED if receipt.status is ReceiptStatus.UNKNOWN else FlowStatus.EXECUTING


def cost_of(receipt: Receipt) -> Decimal:
    """What the cumulative quantity cost or brought, USD to 18 places."""
    return exact.money(exact.times(receipt.quantity, receipt.average_price))


def fold_receipt(state: State, entry: ReceiptEntry) -> None:
    """Fold a receipt. One that is no news (a redelivery) changes nothing."""
    receipt = opening.surely(entry.receipt, Receipt)
    account = state.accounts[receipt.account]
    order = account.orders.get(receipt.key)
    if order is None or not is_news(receipt, order):
        return
    before = account.exposed()
    apply(account, receipt)
    flow = state.flows.get(receipt.dfid)
    if flow is not None and not flow.final:
        flow.ended(entry.flow_status)
    state.index(account, before)
    state.touch(account.account)
    assert account.money_holds(), f"the law of money broke on {account.account}"


def contradicts(state: State, receipt: Receipt) -> bool:
    """Whether the venue tells of more than was filled when a person settled the order.

    Nothing of it can be booked: what was reserved is given back, perhaps spent. A person puts it right.
    """
    flow = state.flows.get(receipt.dfid)
    settled = None if flow is None else flow.settled.get(receipt.key)
    return settled is not None and receipt.quantity > settled


def apply(account: Account, receipt: Receipt) -> None:
    """Move an account's money and positions by a receipt that is news; one that is final ends its order."""
    order = account.orders[receipt.key]
    final = is_final(receipt, order)
    _fill(account, order, receipt)
    order.status = receipt.status
    if final:
        release(account, receipt.key)


def _fill(account: Account, order: Order, receipt: Receipt) -> None:
    quantity = exact.minus(receipt.quantity, order.filled)
    paid, fee = exact.minus(cost_of(receipt), order.paid), exact.minus(receipt.fee, order.fee)
    if order.side == "BUY":
        _bought(account, order, quantity, paid, fee)
    elif order.side == "SELL" and quantity > 0:
        _sold(account, order.instrument, quantity, exact.minus(paid, fee), fee)
    else:
        account.cash = exact.minus(account.cash, fee)
    account.fees = exact.plus(account.fees, fee)
    order.filled, order.paid, order.fee = receipt.quantity, cost_of(receipt), receipt.fee


def _bought(account: Account, order: Order, quantity: Decimal, paid: Decimal, fee: Decimal) -> None:
    if quantity > 0:
        held = account.positions.setdefault(order.instrument, Held())
        held.quantity = exact.plus(held.quantity, quantity)
        held.total_cost = exact.plus(held.total_cost, paid)
        held.stop, held.target_price = order.stop, order.target_price
    spent = exact.plus(paid, fee)
    covered = min(order.cash, spent)
    order.cash = exact.minus(order.cash, covered)
    account.reserved_cash = exact.minus(account.reserved_cash, covered)
    account.cash = exact.minus(account.cash, exact.minus(spent, covered))


def _sold(account: Account, instrument: str, quantity: Decimal, cash: Decimal, fee: Decimal) -> None:
    held = account.positions[instrument]
    whole = quantity == held.quantity
    cost = held.total_cost if whole else exact.share(held.total_cost, quantity, held.quantity)
    held.quantity = exact.minus(held.quantity, quantity)
    held.reserved = exact.minus(held.reserved, quantity)
    held.total_cost = exact.minus(held.total_cost, cost)
    account.cash = exact.plus(account.cash, cash)
    account.realised = exact.plus(account.realised, exact.minus(exact.plus(cash, fee), cost))
    if held.quantity == ZERO:
        del account.positions[instrument]


def order_of(
    order: KernelIntent, agent_id: str, *, stop: Decimal | None = None, target_price: Decimal | None = None
) -> Order:
    """What an account remembers of a signed order, and what it sets aside for it."""
    cost = exact.times(order.quantity, order.limit_price)
    margin = CONTEXT.scaleb(exact.times(cost, FEE_RESERVE_BPS), Decimal(-4))
    return Order(
        dfid=order.dfid,
        step_id=order.step_id,
        agent_id=agent_id,
        action=order.action,
        side=order.side,
        instrument=order.instrument,
        quantity=order.quantity,
        cash=exact.money(exact.plus(cost, margin)) if order.side == "BUY" else exact.ZERO,
        time_in_force=order.time_in_force,
        valid_until=order.valid_until,
        stop=stop,
        target_price=target_price,
        limit_price=order.limit_price,
    )


def reserve(account: Account, key: bytes, order: Order) -> None:
    """Set an order's cash or position aside; gate 12 has seen that it is there."""
    account.orders[key] = order
    if order.side == "BUY":
        account.cash = exact.minus(account.cash, order.cash)
        account.reserved_cash = exact.plus(account.reserved_cash, order.cash)
    elif order.side == "SELL":
        held = account.positions[order.instrument]
        held.reserved = exact.plus(held.reserved, order.quantity)


def release(account: Account, key: bytes) -> None:
    """End an order and give back what it did not use."""
    order = account.orders.pop(key)
    account.cash = exact.plus(account.cash, order.cash)
    account.reserved_cash = exact.minus(account.reserved_cash, order.cash)
    held = account.positions.get(order.instrument)
    if order.side == "SELL" and held is not None:
        held.reserved = exact.minus(held.reserved, exact.minus(order.quantity, order.filled))
    give_back(account.mandates, key, exact.minus(order.quantity, order.filled))
