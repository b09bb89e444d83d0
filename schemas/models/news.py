"""A headline; text is evidence for people and never parsed for execution.

Generated from schemas/avro/news.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    headline: str
    symbols: tuple[str, ...]
