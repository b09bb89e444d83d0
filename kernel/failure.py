"""When an order has failed half-way: the one definition of a terminal failure after partial execution.

An order that traded nothing in a flow that traded nothing is no failure of this kind: there is nothing to
put right. Nor is the rest of an immediate order: IOC asks for whatever is there now, so a venue that fills
a part and drops the rest (PARTIAL, CANCELLED, or EXPIRED as some venues call it) did what was signed, and
the flow is CLOSED. What is one: part of an order meant to be worked until its time (GTT) was filled and no
more will come, whoever ended it; a venue declines, or calls not sent or filled, what it has filled in part,
and so contradicts itself; a later step trades nothing after an earlier step of its flow traded; an operator
settles what a venue cannot speak of, with part of it filled.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel import opening
from kernel.folds.receipts import is_final, is_news
from kernel.state.accounts import Order
from kernel.state.flows import COMPENSATION, Flow
from kernel.state.grants import Grant
from kernel.state.whole import State
from rules.contract import Compensation
from schemas.models import FlowOpened, Receipt, ReceiptStatus, TimeInForce

REST_IS_GONE = frozenset({ReceiptStatus.PARTIAL, ReceiptStatus.CANCELLED, ReceiptStatus.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An ordinary order that failed half-way, and what its contract says is to be done then."""

    order: Order
    flow: Flow
    grant: Grant | None
    policy: Compensation


def failed_half_way(receipt: Receipt, order: Order, *, traded_before: bool) -> bool:
    """Whether a receipt that is news ends its order as a terminal failure after partial execution.

    traded_before: other orders of the same flow were filled at least in part; asked when this one was not.
    """
    if not is_final(receipt, order) or receipt.quantity == order.quantity:
        return False
    if receipt.quantity == 0:
        return traded_before
    return order.time_in_force is not TimeInForce.IOC or receipt.status not in REST_IS_GONE


def failure_of(state: State, receipt: Receipt) -> Failure | None:
    """The failure a receipt not yet folded tells of. An order that compensates is not compensated again."""
    account, flow = state.accounts[receipt.account], state.flows.get(receipt.dfid)
    order = account.orders.get(receipt.key)
    if order is None or flow is None or compensates(order) or not is_news(receipt, order):
        return None
    traded_before = any(quantity != 0 for quantity in flow.traded.values())
    return _of(state, flow, order) if failed_half_way(receipt, order, traded_before=traded_before) else None


def settled_failure(state: State, order: Order) -> Failure | None:
    """The failure that an operator's settlement of an order admits."""
    flow = state.flows.get(order.dfid)
    half = 0 < order.filled < order.quantity
    return _of(state, flow, order) if half and flow is not None and not compensates(order) else None


def mark_failed(state: State, account: str, failure: Failure) -> None:
    """Mark the flow, and the account unless the contract says that halves may stand (NOOP).

    NOOP leaves the account free: its owner signed that nothing is to be done, and to take new trades away
    would be the strongest thing of all.
    """
    failure.flow.dirty = True
    if failure.policy is not Compensation.NOOP:
        state.accounts[account].soil(failure.flow.dfid)
        state.touch(account)


def compensates(order: Order) -> bool:
    """Whether the order is itself a compensation."""
    return order.step_id.startswith(COMPENSATION)


def _of(state: State, flow: Flow, order: Order) -> Failure:
    """A flow whose contract cannot be found asks for a person: nobody signed for anything else."""
    opened = None if flow.opened is None else opening.read(flow.opened, FlowOpened)
    woken = () if opened is None else opened.woken
    version = next((each.version for each in woken if each.agent_id == order.agent_id), None)
    grant = None if version is None else state.grants.contract(order.agent_id, version)
    policy = Compensation.ALERT_HUMAN if grant is None else grant.contract.compensation
    return Failure(order=order, flow=flow, grant=grant, policy=policy)
