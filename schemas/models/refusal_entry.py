"""Something refused before a valid signature: its digest and reason, not its bytes.

Generated from schemas/avro/refusal_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.input_range import InputRange


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalEntry:
    digest: bytes
    reason: int
    received: InputRange
    worker: str
