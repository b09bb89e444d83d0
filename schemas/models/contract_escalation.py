"""When a person decides.

Generated from schemas/avro/contract_escalation.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.action import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEscalation:
    confidence_threshold: Decimal
    max_exposure_usd: Decimal
    requires_human_approval: tuple[Action, ...]
    budget_per_hour: int
    two_persons_above_usd: Decimal | None = None  # An order worth more takes two signatures; null = never.
