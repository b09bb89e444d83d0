"""The tape time; the feeder alone writes it.

Generated from schemas/avro/clock_tick.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTick:
    ledger: bytes
    now: int
