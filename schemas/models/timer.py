"""A schedule came due.

Generated from schemas/avro/timer.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    schedule: str
