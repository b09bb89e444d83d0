"""What a waiting order would change: quantity of its instrument, cash and gross exposure in USD.

Generated from schemas/avro/holding_diff.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingDiff:
    instrument: str
    quantity_before: Decimal
    quantity_after: Decimal
    cash_before: Decimal
    cash_after: Decimal
    exposure_before: Decimal
    exposure_after: Decimal
