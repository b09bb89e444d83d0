"""A receipt that says nobody knows: its flow is suspended, and a person is told, once."""

from __future__ import annotations

from kernel import opening
from kernel.folds.receipts import is_news
from kernel.state.whole import State
from schemas.models import Envelope, Escalation, Fact, FlowStatus, Receipt
from schemas.reasons import LaneReason

NEVER = 253_402_300_799_000_000  # the end of the year 9999: only an operator's settlement ends a suspension


def suspension(state: State, envelope: Envelope, left: FlowStatus, seq: int) -> Escalation | None:
    """What people are told of a receipt, judged and not yet folded as entry ``seq``; None: nothing new.

    ``left``: where the receipt leaves its flow.
    """
    receipt = opening.surely(envelope, Receipt)
    order = state.accounts[receipt.account].orders.get(receipt.key)
    if left is not FlowStatus.SUSPENDED or order is None or not is_news(receipt, order):
        return None
    flow = state.flows.get(receipt.dfid)
    return Escalation(
        account=receipt.account,
        dfid=receipt.dfid,
        attempt=1 if flow is None else flow.attempt,
        reason=int(LaneReason.VENUE_UNKNOWN),
        facts=(
            Fact(name="ordered", value=order.quantity),
            Fact(name="filled_at_least", value=receipt.quantity),
        ),
        payload_digest=opening.digest(envelope),
        expires_at=NEVER,
        seq=seq,
        at=state.now,
        agent_id=order.agent_id,
    )
