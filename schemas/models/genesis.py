"""The first entry: names the ledger, its clock, root key and first positions.

Generated from schemas/avro/genesis.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.input_range import InputRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    name: str
    operator: str
    clock: str  # LIVE or TAPE.
    law: str  # Law version.
    shards: int
    root_key: bytes
    positions: tuple[InputRange, ...]
    continues: tuple[bytes, ...]  # Notes of the ledgers this one continues.
