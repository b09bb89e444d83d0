"""Which class of decision a signal is, and the road such decisions take.

Generated from schemas/avro/routing_table.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.routing_row import RoutingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTable:
    version: str
    rows: tuple[RoutingRow, ...]
