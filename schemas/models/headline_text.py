"""The text of a headline digest.

Generated from schemas/avro/headline_text.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineText:
    digest: bytes
    text: str
