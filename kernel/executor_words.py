"""What the executor says: to a venue an order, to the kernel a receipt."""

from __future__ import annotations

from decimal import Decimal

from kernel.executor_state import Attempt
from kernel.venues.venue import VenueAnswer, VenueOrder
from ledger.hashes import sha256
from ledger.intents import client_order_id
from schemas.models import KernelIntent, Receipt, ReceiptStatus, TimeInForce
from schemas.money import CONTEXT

ZERO = Decimal(0)
PLACE, RECONCILE, TAKE_BACK = "place", "reconcile", "take-back"  # effects; the payload is the intent key
AWAY, ABSENT, DOUBT = b"", b"absent", b"doubt"  # what an effect answers besides the venue's own words
FINAL = frozenset(
    {
        ReceiptStatus.FILLED,
        ReceiptStatus.DECLINED,
        ReceiptStatus.CANCELLED,
        ReceiptStatus.EXPIRED,
        ReceiptStatus.NOT_SENT,
        ReceiptStatus.UNKNOWN,
    }
)


def order_of(intent: KernelIntent, lot: Decimal, epoch: int) -> VenueOrder:
    """The order a venue is asked to place."""
    return VenueOrder(
        client_id=client_order_id(intent.key),
        account=intent.account,
        instrument=intent.instrument,
        side=intent.side,
        quantity=intent.quantity,
        limit_price=intent.limit_price,
        lot=lot,
        time_in_force=intent.time_in_force,
        valid_until=intent.valid_until,
        bid=intent.quote.bid,
        ask=intent.quote.ask,
        epoch=epoch,
    )


def believable(intent: KernelIntent, before: VenueAnswer | None, answer: VenueAnswer) -> bool:
    """Whether figures can be true: of this order, not beyond it, and nothing taken back."""
    if answer.client_id != client_order_id(intent.key) or not ZERO <= answer.quantity <= intent.quantity:
        return False
    if min(answer.average_price, answer.fee) < ZERO:
        return False
    if before is None:
        return True
    grown = answer.quantity >= before.quantity and answer.fee >= before.fee
    return grown and _cost(answer) >= _cost(before)


def is_partial_of_immediate(intent: KernelIntent, status: ReceiptStatus) -> bool:
    """Whether it is no news yet: of an immediate order the kernel takes PARTIAL for the end."""
    return status is ReceiptStatus.PARTIAL and intent.time_in_force is TimeInForce.IOC


def receipt_of(
    ledger: bytes, venue: str, attempt: Attempt, answer: VenueAnswer | None, status: ReceiptStatus, now: int
) -> Receipt:
    """The receipt of an attempt; without an answer it says that nothing is known to be done."""
    intent = attempt.intent()
    return Receipt(
        ledger=ledger,
        account=intent.account,
        dfid=intent.dfid,
        key=intent.key,
        venue=venue,
        venue_order_id=None if answer is None else answer.venue_order_id,
        status=status,
        quantity=ZERO if answer is None else answer.quantity,
        average_price=ZERO if answer is None else answer.average_price,
        fee=ZERO if answer is None else answer.fee,
        raw_hash=sha256(b"" if answer is None else answer.raw()),
        attempt=attempt.number,
        at=now,
    )


def _cost(answer: VenueAnswer) -> Decimal:
    return CONTEXT.multiply(answer.quantity, answer.average_price)
