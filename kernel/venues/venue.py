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


class VenueSuperseded(PermissionError):
    """A newer executor has spoken to the venue: this one may do nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """client_id: the first 16 bytes of the intent key in hex; bid, ask: the quote it was judged against.

    valid_until: micros UTC, after which the venue takes it no more. epoch: of the executor that sends it.
    """

    client_id: str
    account: str
    instrument: str
    side: str  # BUY or SELL
    quantity: Decimal
    limit_price: Decimal
    lot: Decimal
    time_in_force: TimeInForce
    valid_until: int
    bid: Decimal
    ask: Decimal
    epoch: int


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
    """A venue as an adapter shows it. One that cannot deduplicate is never sent an order twice."""

    @property
    def name(self) -> str:
        """Its id in receipts."""
        ...

    @property
    def deduplicates(self) -> bool:
        """Whether two orders of one client id are one order there."""
        ...

    def place(self, order: VenueOrder) -> VenueAnswer:
        """Place an order, or answer what became of the one with this client id.

        Raises VenueAway (nothing is known about it) or VenueSuperseded.
        """
        ...

    def query(self, client_id: str) -> VenueAnswer | None:
        """What became of a client id; None when the venue never saw it. Raises VenueAway."""
        ...

    def cancel(self, client_id: str, epoch: int) -> VenueAnswer | None:
        """End what is still open of an order; its answer then. Raises VenueAway or VenueSuperseded.

        None when the venue never saw it; it MUST then not take it later either.
        """
        ...
