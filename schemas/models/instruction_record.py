"""A signed instruction with its text and salt beside, unsigned.

Generated from schemas/avro/instruction_record.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionRecord:
    envelope: Envelope
    text: str
    salt: bytes
