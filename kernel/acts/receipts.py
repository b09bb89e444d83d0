"""Is a receipt an answer to one of our orders, from our executor, with figures that can be true?"""

from __future__ import annotations

from kernel import opening
from kernel.acts.signers import signer_of
from kernel.failure import failure_of
from kernel.folds.receipts import is_news, possible, status_after
from kernel.state.whole import State
from schemas.kinds import Role
from schemas.models import Envelope, FlowStatus, Receipt
from schemas.reasons import ControlReason, Reason


def judge_receipt(state: State, envelope: Envelope, seq: int) -> Reason:
    """NONE when it may be folded (a redelivered one folds to nothing); else why no entry of it is written."""
    receipt = opening.read(envelope, Receipt)
    if receipt is None:
        return Reason.MALFORMED
    if receipt.ledger != state.identity.ledger:
        return Reason.WRONG_LEDGER
    key = signer_of(state, envelope, (Role.EXECUTOR,), seq)
    if isinstance(key, ControlReason):
        return Reason[key.name]
    account, flow = state.accounts.get(receipt.account), state.flows.get(receipt.dfid)
    if account is None or (flow is not None and flow.account != receipt.account):
        return Reason.WRONG_ACCOUNT
    order = account.orders.get(receipt.key)
    if order is None:
        known = flow is not None and receipt.key in flow.steps.values()
        return Reason.NONE if known else Reason.MALFORMED
    if order.dfid != receipt.dfid or (is_news(receipt, order) and not possible(receipt, order)):
        return Reason.MALFORMED
    return Reason.NONE


def status_left(state: State, envelope: Envelope) -> FlowStatus:
    """Where a receipt that may be folded leaves its flow."""
    receipt = opening.surely(envelope, Receipt)
    order = state.accounts[receipt.account].orders.get(receipt.key)
    flow = state.flows.get(receipt.dfid)
    if flow is not None and flow.final:
        return flow.status  # what compensates a flow does not bring it back
    if order is not None and is_news(receipt, order):
        failed = failure_of(state, receipt) is not None
        return FlowStatus.ABORTED if failed else status_after(receipt, order)
    return FlowStatus.CLOSED if flow is None else flow.status
