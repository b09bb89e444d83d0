"""A signed root over all entries before this one; the note is rendered from it.

Generated from schemas/avro/checkpoint_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointEntry:
    size: int
    root: bytes
    keyid: bytes
    signature: bytes
