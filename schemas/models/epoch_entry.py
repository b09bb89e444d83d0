"""A kernel took over a shard.

Generated from schemas/avro/epoch_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEntry:
    shard: int
    epoch: int
    code: str
