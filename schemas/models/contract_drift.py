"""How far the world may have moved between looking and acting.

Generated from schemas/avro/contract_drift.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDrift:
    envelope_bps: Decimal
    max_context_age_ms: int
    max_mark_age_ms: int
