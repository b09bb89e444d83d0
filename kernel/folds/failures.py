"""A RECEIPT folds whole: the money, what its flow has traded, and, if it failed half-way, the way back."""

from __future__ import annotations

from kernel import opening
from kernel.compensation import note_traded
from kernel.failure import failure_of, mark_failed
from kernel.folds.receipts import contradicts, fold_receipt, order_of, reserve
from kernel.state.accounts import Account
from kernel.state.flows import Flow
from kernel.state.whole import State
from schemas.models import CompensationRuling, KernelIntent, Receipt, ReceiptEntry


def fold_receipt_whole(state: State, entry: ReceiptEntry) -> None:
    """Fold a receipt and the compensations its entry holds; one that is no news changes nothing,
    unless it tells of more than a person settled its order with: then the account is dirty."""
    receipt = opening.surely(entry.receipt, Receipt)
    account, flow = state.accounts[receipt.account], state.flows.get(receipt.dfid)
    order = account.orders.get(receipt.key)
    if order is None:
        if flow is not None and contradicts(state, receipt):
            flow.settled[receipt.key] = receipt.quantity  # told of once
            account.soil(flow.dfid)
            state.touch(account.account)
        return
    failure, filled_before = failure_of(state, receipt), order.filled
    fold_receipt(state, entry)
    if flow is not None and order.filled != filled_before:
        note_traded(flow.traded, order.side, order.instrument, order.filled, filled_before)
    if failure is None:
        return
    mark_failed(state, account.account, failure)
    before = account.exposed()
    for ruled in entry.compensations:
        _ruled(account, failure.flow, failure.order.agent_id, ruled)
    state.index(account, before)
    assert account.money_holds(), f"the law of money broke on {account.account}"


def _ruled(account: Account, flow: Flow, agent_id: str, ruled: CompensationRuling) -> None:
    flow.compensations += 1
    if ruled.intent is None:
        return
    order = opening.surely(ruled.intent, KernelIntent)
    flow.steps[ruled.step_id] = order.key
    reserve(account, order.key, order_of(order, agent_id))
