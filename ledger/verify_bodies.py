"""What each body says of itself must hold: its shape was named before, its digests are those of its bytes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ledger.avro_bytes import Malformed
from ledger.dsse import pae_digest
from ledger.entry import Leaf, kind_name
from ledger.findings import Code
from ledger.note import origin_of
from ledger.shapes import Form, Shapes
from ledger.verify_evidence import Evidence
from ledger.verify_sign import Signatures
from schemas.kind_table import EntryKind

Say = Callable[[int, Code, object, object], None]

_DOCUMENTS = range(EntryKind.CONTRACT, EntryKind.KEY + 1)
NO_CHECKPOINT = (-1, b"")


def body_name(kind: int) -> str | None:
    """Return the name of the message that entries of a kind hold; None for a kind this version knows not."""
    if kind == EntryKind.GENESIS:
        return "Genesis"
    if kind in _DOCUMENTS:
        return "DocumentEntry"
    return f"{EntryKind(kind).name.capitalize()}Entry" if kind in EntryKind.__members__.values() else None


@dataclass(slots=True, kw_only=True)
class Bodies:
    """Reads each body by the schemas the ledger itself has named, and hands it on to the deeper levels."""

    say: Say
    sign: Signatures | None
    evidence: Evidence | None
    shapes: Shapes = field(default_factory=Shapes)
    origin: str = ""
    checkpoint: tuple[int, bytes] = NO_CHECKPOINT
    _last_seq: int = -1

    def entry(self, entry: Leaf) -> None:
        """Check one entry's body at level commit, then at the levels asked for."""
        self.checkpoint, self._last_seq = NO_CHECKPOINT, entry.seq
        body = self._body(entry)
        if body is None:
            return
        match entry.kind:
            case EntryKind.GENESIS:
                self.origin = origin_of(body["operator"], entry.ledger, entry.partition)
            case EntryKind.SCHEMA:
                self._learn(entry.seq, body)
            case EntryKind.CHECKPOINT:
                self.checkpoint = (body["size"], body["root"])
            case EntryKind.BATCH if body["now"] != entry.ts:
                self.say(entry.seq, Code.BATCH_TIME, entry.ts, body["now"])
            case EntryKind.DECISION | EntryKind.REPORT:
                self._digest(entry.seq, body)
        if self.sign is not None:
            self.sign.entry(entry, body, self.origin, self.shapes)
        if self.evidence is not None:
            self.evidence.entry(entry, body, self.shapes)

    def end(self, *, closed: bool) -> None:
        """Say what is missing once all entries are read."""
        if self.evidence is not None:
            self.evidence.end(self._last_seq, closed=closed)

    def _body(self, entry: Leaf) -> dict[str, Any] | None:
        name, form = body_name(entry.kind), self.shapes.get(entry.schema)
        if name is None:
            self.say(entry.seq, Code.KIND_UNKNOWN, "a kind this version knows", entry.kind)
        elif form is None:
            self.say(entry.seq, Code.SCHEMA_UNKNOWN, "a schema named by an entry before", entry.schema)
        elif form.name != name:
            self.say(entry.seq, Code.BODY_WRONG_KIND, f"{kind_name(entry.kind)} holds {name}", form.name)
        else:
            return self._read(entry, form)
        return None

    def _read(self, entry: Leaf, form: Form) -> dict[str, Any] | None:
        try:
            return form.read(entry.body)
        except Malformed as error:
            self.say(entry.seq, Code.BODY_UNREADABLE, f"{form.name} in its one spelling", error)
            return None

    def _learn(self, seq: int, body: dict[str, Any]) -> None:
        try:
            self.shapes.learn(body["name"], body["schema"])
        except Malformed as error:
            self.say(seq, Code.SCHEMA_NOT_CANONICAL, body["name"], error)

    def _digest(self, seq: int, body: dict[str, Any]) -> None:
        envelope = body["body"]
        found = pae_digest(envelope["payload_type"], envelope["payload"])
        if found != body["digest"]:
            self.say(seq, Code.DIGEST_MISMATCH, found, body["digest"])
