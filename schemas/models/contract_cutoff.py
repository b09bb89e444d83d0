"""No new exposure at or after a time of day in an IANA zone.

Generated from schemas/avro/contract_cutoff.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCutoff:
    time: str  # HH:MM, local to the zone.
    zone: str
