"""What a row asks of a signal; an empty list or null asks nothing.

Generated from schemas/avro/routing_match.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.signal_kind import SignalKind
from schemas.models.urgency import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingMatch:
    kinds: tuple[SignalKind, ...]
    accounts: tuple[str, ...]
    instruments: tuple[str, ...]
    classes: tuple[str, ...]
    flags_any: tuple[str, ...]
    urgencies: tuple[Urgency, ...]
    notional_min: Decimal | None = None  # USD, inclusive.
    compliance: bool | None = None
