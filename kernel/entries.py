"""An entry read back: the chain's next link, of a kind and schema the law knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kernel.fold import Diverged
from ledger.chain import Head
from ledger.entry import decode_entry
from ledger.shapes import Malformed
from schemas.codec import Unreadable, decode, schema_hash
from schemas.kinds import BODY, EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An entry's kind and message, and the chain's head after it."""

    seq: int
    kind: EntryKind
    body: Any
    head: Head


def next_entry(head: Head, value: bytes) -> Read:
    """The entry that follows ``head``. Raises Diverged on any other bytes."""
    try:
        leaf = decode_entry(value)
        kind = EntryKind(leaf.kind)
        cls = BODY[kind]
        if leaf.schema != schema_hash(cls):
            raise Diverged(f"entry {leaf.seq}: a {kind.name} of another schema; this code is too old for it")
        body = decode(cls, leaf.body)
    except (Malformed, Unreadable, ValueError) as error:
        raise Diverged(f"after entry {head.seq - 1}: {error}") from None
    named = (leaf.prev, leaf.ledger, leaf.partition, leaf.seq)
    if named != (head.prev, head.ledger, head.partition, head.seq) or leaf.ts < head.ts:
        raise Diverged(f"entry {leaf.seq} does not follow entry {head.seq - 1}")
    return Read(seq=leaf.seq, kind=kind, body=body, head=head.after(value))
