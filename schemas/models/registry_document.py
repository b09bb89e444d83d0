"""A signed, numbered grant or shape; in force for new flows from the sequence the kernel gives it.

Generated from schemas/avro/registry_document.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.document_kind import DocumentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryDocument:
    kind: DocumentKind
    id: str
    version: str
    serial: int
    body: bytes  # RFC 8785 JSON.
