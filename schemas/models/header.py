"""One Kafka header.

Generated from schemas/avro/header.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    name: str
    value: bytes | None = None
