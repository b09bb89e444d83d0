"""A registry document as signed; CONTRACT, RULES, ROUTING, INSTRUMENT, MODEL and KEY entries.

Generated from schemas/avro/document_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    document: Envelope
