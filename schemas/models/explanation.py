"""Why, in words for people; its commitment is signed, its text is not.

Generated from schemas/avro/explanation.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    text: str
    salt: bytes
