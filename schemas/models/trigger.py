"""The record that woke the flow.

Generated from schemas/avro/trigger.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    topic: str
    partition: int
    offset: int
    kind: str
    source: str
    signal_id: str
    instrument: str
    event_time: int
    value_hash: bytes  # SHA-256 of the record value.
    instruction: bytes | None = None  # The signed envelope (Avro body) of an instruction.
