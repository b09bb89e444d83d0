"""The frame of a MANDATE: child flows act under it; the intent's quantity is the total.

Generated from schemas/avro/mandate.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    side: Side
    price_low: Decimal
    price_high: Decimal
    expires_at: int
