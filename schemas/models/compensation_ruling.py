"""One order a terminal failure ran, ruled without an envelope.

Generated from schemas/avro/compensation_ruling.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.action import Action
from schemas.models.envelope import Envelope
from schemas.models.fact import Fact
from schemas.models.quote_seen import QuoteSeen
from schemas.models.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationRuling:
    step_id: str  # comp-n, counted over the flow.
    action: Action
    instrument: str
    quantity: Decimal
    mark: QuoteSeen | None = None
    verdict: Verdict
    reason: int
    facts: tuple[Fact, ...]
    intent: Envelope | None = None  # The signed order, when accepted.
