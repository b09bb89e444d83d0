"""Records of one partition read: [first, next).

Generated from schemas/avro/input_range.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRange:
    topic: str
    partition: int
    first: int
    next: int
