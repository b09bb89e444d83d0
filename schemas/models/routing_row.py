"""One row: of those that match, the lowest precedence decides.

Generated from schemas/avro/routing_row.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.lane import Lane
from schemas.models.routing_match import RoutingMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRow:
    row: str
    precedence: int
    match: RoutingMatch
    decision_class: str
    lane: Lane
    accounts: tuple[str, ...]
    agents: tuple[str, ...]
    steps: tuple[str, ...]
    deadline_ms: int
    expires_ms: int
    why: str
