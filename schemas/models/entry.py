"""One leaf of the ledger: fixed-width first, no registry prefix.

Generated from schemas/avro/entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    prev: bytes  # Leaf hash before; zeros at 0.
    ledger: bytes
    partition: int
    seq: int  # Gap-free.
    ts: int  # The batch's now, non-decreasing.
    kind: int  # An EntryKind.
    schema: bytes  # SHA-256 of the canonical full schema of body.
    body: bytes
