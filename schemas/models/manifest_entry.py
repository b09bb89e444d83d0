"""A hello and what the kernel said to it.

Generated from schemas/avro/manifest_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    manifest: Envelope
    accepted: bool
    reason: int
