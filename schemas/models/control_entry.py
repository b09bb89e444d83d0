"""A signed command and whether it was folded.

Generated from schemas/avro/control_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEntry:
    command: Envelope
    accepted: bool
    reason: int
