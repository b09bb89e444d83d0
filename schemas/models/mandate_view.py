"""A mandate in force on an account, and how much of it is used.

Generated from schemas/avro/mandate_view.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateView:
    dfid: bytes
    step_id: str
    agent_id: str
    contract_version: str
    instrument: str
    side: Side
    total: Decimal
    used: Decimal
    price_low: Decimal
    price_high: Decimal
    expires_at: int
