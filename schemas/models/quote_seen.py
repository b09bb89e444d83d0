"""A quote a gate looked at.

Generated from schemas/avro/quote_seen.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSeen:
    bid: Decimal
    ask: Decimal
    event_time: int
    partition: int
    offset: int
