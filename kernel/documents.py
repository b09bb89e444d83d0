"""A registry document as an entry: one that means nothing to the law is refused when it comes."""

from __future__ import annotations

import json

from kernel import opening
from kernel.state.grants import sound
from ledger.chain import schema_entry
from ledger.envelope import SIGNED
from ledger.shapes import form_of
from schemas.canonical import jcs
from schemas.kinds import BODY, EntryKind
from schemas.models import DocumentEntry, DocumentKind, Envelope, RegistryDocument, SchemaEntry


def first_schemas() -> list[SchemaEntry]:
    """The SCHEMA entries of a new ledger: every body and all that is signed inside one, in a fixed order.

    Later shapes come with their documents.
    """
    classes = {cls.__name__: cls for cls in (*BODY.values(), *SIGNED)}
    return [schema_entry(classes[name]) for name in sorted(classes)]


def entry_for(envelope: Envelope) -> tuple[EntryKind, DocumentEntry | SchemaEntry] | None:
    """The entry a document becomes, its signature not yet checked; None when it is unreadable or unsound."""
    document = opening.read(envelope, RegistryDocument)
    if document is None or not sound(document):
        return None
    if document.kind is not DocumentKind.SCHEMA:
        return EntryKind[document.kind.value], DocumentEntry(document=envelope)
    try:
        shape = json.loads(document.body)["schema"]
        text = jcs(shape)
        name = form_of(text).name  # what no auditor can compile would be an entry that no verifier can read
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return None
    return EntryKind.SCHEMA, SchemaEntry(name=name, schema=text, document=envelope)
