"""What an account holds of one instrument; total cost is kept, the average is a view.

Generated from schemas/avro/position.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    instrument: str
    quantity: Decimal
    reserved: Decimal  # Quantity reserved for sale.
    total_cost: Decimal
    stop: Decimal | None = None
    target_price: Decimal | None = None
