"""What must hold when all is healed and at rest: nothing missing, nothing doubled, nothing owed."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from kernel import exact
from kernel.folds.receipts import cost_of
from kernel.snapshot import texts
from kernel.state.whole import State
from schemas.models import FlowStatus, KernelIntent, ReceiptStatus
from tests.simulation.checks import BrokenError, Checker
from tests.simulation.venue import SimulatedVenue

NO_EFFECT = frozenset({ReceiptStatus.NOT_SENT, ReceiptStatus.EXPIRED})


def in_the_end(checker: Checker, kernel: State, venue: SimulatedVenue, *, escalated: bool) -> None:
    """Everything is healed and at rest: nothing may be missing, doubled, or owed.

    escalated: whether flows may still wait for a person.
    """
    _ledger(checker, kernel)
    _flows(checker, kernel, FlowStatus.ESCALATED if escalated else FlowStatus.SUSPENDED)
    for client_id, order in checker.orders.items():
        _effect(checker, client_id, order, venue)
    for client_id in venue.orders.keys() - checker.orders.keys():
        raise BrokenError("no effect without an accepted entry", client_id)
    _money(checker, kernel)


def _ledger(checker: Checker, kernel: State) -> None:
    if checker.replayer.head.seq == 0:
        raise BrokenError("the ledger is gap-free and folds", "there is none")
    if texts(checker.state) != texts(kernel):
        raise BrokenError("the kernel is the fold of its ledger", differing(checker.state, kernel))


def differing(one: State, other: State) -> str:
    """The first section in which two states differ."""
    first, second = texts(one), texts(other)
    return next((name for name in first if first[name] != second[name]), "none")


def _flows(checker: Checker, kernel: State, waiting: FlowStatus) -> None:
    for dfid in {name[0] for name in checker.flows}:
        flow = kernel.flows.get(dfid)
        if flow is None:
            raise BrokenError("every opened flow has an outcome", f"{dfid.hex()} never reached the kernel")
        if flow.final or flow.status is waiting is not FlowStatus.SUSPENDED:
            continue
        if flow.status is not FlowStatus.SUSPENDED:
            raise BrokenError("every opened flow has an outcome", f"{dfid.hex()} is {flow.status}")
        if dfid not in checker.told:
            raise BrokenError("a suspended flow is told to a person", dfid.hex())


def _effect(checker: Checker, client_id: str, order: KernelIntent, venue: SimulatedVenue) -> None:
    """One effect, or a final NOT_SENT / EXPIRED and none, or a suspension that people were told of."""
    receipt, known = checker.finals.get(order.key), venue.orders.get(client_id)
    if receipt is None:
        raise BrokenError("every accepted order has a final receipt", client_id)
    if receipt.status is ReceiptStatus.UNKNOWN:
        if order.dfid not in checker.told:
            raise BrokenError("a suspended flow is told to a person", client_id)
        return
    if receipt.status in NO_EFFECT and known is None:
        return
    if known is None and receipt.quantity == 0:
        return  # refused before it was taken
    if known is None:
        raise BrokenError("every accepted order has one effect", f"{client_id}: {receipt.status}, none there")
    last = known.told[0]
    if (receipt.quantity, receipt.average_price, receipt.fee) != (
        last.quantity,
        last.average_price,
        last.fee,
    ):
        raise BrokenError("the receipt says what the venue did", f"{client_id}: {receipt} and {last}")


def _money(checker: Checker, kernel: State) -> None:
    """Positions are what the receipts say was traded, account by account."""
    traded: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for order in checker.orders.values():
        receipt = checker.finals[order.key]
        move = exact.plus if order.side == "BUY" else exact.minus
        place = (order.account, order.instrument)
        traded[place] = move(traded[place], receipt.quantity)
        spent[order.account] = exact.plus(move(spent[order.account], cost_of(receipt)), receipt.fee)
    for name, account in kernel.accounts.items():
        held = {key: value.quantity for key, value in account.positions.items() if value.quantity}
        expected = {place[1]: sum_ for place, sum_ in traded.items() if place[0] == name and sum_}
        if held != expected:
            raise BrokenError("positions are what was traded", f"{name}: {held} and {expected}")
        cash = exact.minus(account.deposits, account.withdrawals, spent[name])
        if cash != exact.plus(account.cash, account.reserved_cash):
            raise BrokenError("cash is what was paid and brought", f"{name}: {account.cash} and {cash}")
