"""A signed flow as it travels on flows.*, with the texts beside it.

Generated from schemas/avro/flow_record.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.headline_text import HeadlineText


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRecord:
    flow: Envelope
    headlines: tuple[HeadlineText, ...]
    instruction_text: str | None = None
    instruction_salt: bytes | None = None
