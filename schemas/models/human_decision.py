"""A person's signed act on an escalation.

Generated from schemas/avro/human_decision.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.human_choice import HumanChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanDecision:
    ledger: bytes
    serial: int
    account: str
    dfid: bytes
    choice: HumanChoice
    payload_digest: bytes
    price_shown: Decimal | None = None
    quantity: Decimal | None = None
    valid_until: int
    explain_commitment: bytes
