"""What the kernel read in one transaction, and the marks that folded.

Generated from schemas/avro/batch_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.input_range import InputRange
from schemas.models.mark import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    now: int
    inputs: tuple[InputRange, ...]
    marks: tuple[Mark, ...]
    refusals_uncounted: int
