"""One trade.

Generated from schemas/avro/trade.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    price: Decimal
    size: Decimal
