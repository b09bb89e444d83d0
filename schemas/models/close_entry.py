"""The last entry of a ledger partition.

Generated from schemas/avro/close_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEntry:
    reason: str
