"""What could not be read or may not pass, with the reason and the original bytes.

Generated from schemas/avro/quarantined.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.header import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    topic: str
    partition: int
    offset: int
    worker: str
    reason: str  # A QuarantineReason name.
    detail: str
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[Header, ...]
    at: int
