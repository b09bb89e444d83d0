"""The full schema of later bodies, in RFC 8785 form.

Generated from schemas/avro/schema_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaEntry:
    name: str
    schema: bytes
    document: Envelope | None = None
