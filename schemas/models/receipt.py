"""What the venue did, signed by the executor.

Generated from schemas/avro/receipt.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.receipt_status import ReceiptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    ledger: bytes
    account: str
    dfid: bytes
    key: bytes
    venue: str
    venue_order_id: str | None = None
    status: ReceiptStatus
    quantity: Decimal  # Cumulative.
    average_price: Decimal
    fee: Decimal
    raw_hash: bytes
    attempt: int
    at: int
