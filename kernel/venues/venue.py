"""What the executor asks of a venue, and what it may answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from schemas.canonical import jcs
from schemas.models import ReceiptStatus, TimeInForce
from schemas.money import plain


class VenueAway(ConnectionError):
    """The venue did not answer: nothing is known about the attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """client_id: the first 16 bytes of the intent key in hex; bid, ask: the quote it was judged against."""

    client_id: str
    account: str
    instrument: str
    side: str  # BUY or SELL
    quantity: Decimal
    limit_price: Decimal
    lot: Decimal
    time_in_force: TimeInForce
    bid: Decimal
    ask: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueAnswer:
    """quantity: cumulative; raw: what the venue said, word for word."""

    client_id: str
    venue_order_id: str
    status: ReceiptStatus
    quantity: Decimal
    average_price: Decimal
    fee: Decimal

    def raw(self) -> bytes:
        """The canonical bytes whose hash rides in the receipt."""
        return jcs(
            {
                "client_id": self.client_id,
                "venue_order_id": self.venue_order_id,
                "status": self.status.value,
                "quantity": plain(self.quantity),
                "average_price": plain(self.average_price),
                "fee": plain(self.fee),
            }
        )


def answer_of(raw: bytes) -> VenueAnswer:
    """The answer that ``raw`` spells; our own bytes, so another shape is a bug."""
    found = json.loads(raw)
    return VenueAnswer(
        client_id=found["client_id"],
        venue_order_id=found["venue_order_id"],
        status=ReceiptStatus(found["status"]),
        quantity=Decimal(found["quantity"]),
        average_price=Decimal(found["average_price"]),
        fee=Decimal(found["fee"]),
    )


class Venue(Protocol):
    """A venue that deduplicates by client order id; one that cannot must answer UNKNOWN when in doubt."""

    @property
    def name(self) -> str:
        """Its id in receipts."""
        ...

    def place(self, order: VenueOrder) -> VenueAnswer:
        """Place an order, or answer what became of the one with this client id. Raises VenueAway."""
        ...

    def query(self, client_id: str) -> VenueAnswer | None:
        """What became of a client id; None when the venue never saw it. Raises VenueAway."""
        ...

    def cancel(self, client_id: str) -> VenueAnswer | None:
        """Cancel what is still open of an order; its present answer. Raises VenueAway."""
        ...
