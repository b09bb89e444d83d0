"""A price an instrument was last folded at.

Generated from schemas/avro/mark.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    instrument: str
    bid: Decimal
    ask: Decimal
    event_time: int
    partition: int
    offset: int
