"""SHA-256 of a headline the flow carries beside; the text is not signed into it.

Generated from schemas/avro/headline_digest.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineDigest:
    digest: bytes
    at: int
    source: str
