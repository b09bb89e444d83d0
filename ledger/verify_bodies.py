"""What each body says of itself must hold: its shape was named before, its digests are those of its bytes."""

from dataclasses import dataclass
from typing import Any

from ledger.dsse import pae_digest
from ledger.entry import Leaf
from ledger.findings import Code, Say
from ledger.note import origin_of
from ledger.shapes import Malformed, Shapes
from ledger.verify_evidence import Evidence
from ledger.verify_sign import Signatures
from schemas.kind_table import EntryKind

NO_CHECKPOINT = (-1, b"")


def body_name(kind: int) -> str | None:
    """Return the name of the message that entries of a kind hold; None for a kind this version knows not."""
    if kind not in EntryKind.__members__.values():
        return None
    if EntryKind.CONTRACT <= kind <= EntryKind.KEY:
        return "DocumentEntry"
    return "Genesis" if kind == EntryKind.GENESIS else f"{EntryKind(kind).name.capitalize()}Entry"


@dataclass(slots=True, kw_only=True)
class Bodies:
    """Reads each body by the schemas the ledger itself has named, and hands it on to the deeper levels."""

    say: Say
    sign: Signatures | None
    evidence: Evidence | None
    shapes: Shapes
    origin: str = ""
    checkpoint: tuple[int, bytes] = NO_CHECKPOINT

    def entry(self, entry: Leaf, place: int) -> None:
        """Check one entry's body at level commit, then at the levels asked for. place: entries before."""
        self.checkpoint, name, form = NO_CHECKPOINT, body_name(entry.kind), self.shapes.get(entry.schema)
        if name is None:
            self.say(entry.seq, Code.KIND_UNKNOWN, "a kind this version knows", entry.kind)
        elif form is None:
            self.say(entry.seq, Code.SCHEMA_UNKNOWN, "a schema named by an entry before", entry.schema)
        elif form.name != name:
            self.say(entry.seq, Code.BODY_WRONG_KIND, name, form.name)
        else:
            try:
                self._read(entry, place, form.read(entry.body))
            except Malformed as error:
                self.say(entry.seq, Code.BODY_UNREADABLE, f"{name} in its one spelling", error)

    def _read(self, entry: Leaf, place: int, body: dict[str, Any]) -> None:
        match entry.kind:
            case EntryKind.GENESIS:
                self.origin = origin_of(body["operator"], entry.ledger, entry.partition)
            case EntryKind.SCHEMA:
                self.shapes.learn(body["name"], body["schema"])
            case EntryKind.CHECKPOINT:
                self.checkpoint = (body["size"], body["root"])
            case EntryKind.BATCH if body["now"] != entry.ts:
                self.say(entry.seq, Code.BATCH_TIME, entry.ts, body["now"])
            case EntryKind.DECISION | EntryKind.REPORT:
                digest = pae_digest(body["body"]["payload_type"], body["body"]["payload"])
                if digest != body["digest"]:
                    self.say(entry.seq, Code.DIGEST_MISMATCH, digest, body["digest"])
        if self.sign is not None:
            self.sign.entry(entry, body, self.origin)
        if self.evidence is not None:
            self.evidence.entry(entry, place, body, self.shapes)
