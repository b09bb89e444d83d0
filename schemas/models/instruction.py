"""An order of an account, signed by its principal.

Generated from schemas/avro/instruction.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.urgency import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    ledger: bytes
    account: str
    instruction_id: str  # Unique per principal.
    event_time: int
    decision_class: str
    instrument: str
    notional_usd: Decimal | None = None
    urgency: Urgency
    compliance: bool
    text_commitment: bytes
