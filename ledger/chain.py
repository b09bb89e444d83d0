"""The one writer of a ledger partition: each entry names the one before, and the frontier grows with it.

A `Head` is a value, so a step that fails leaves the last committed one untouched; `Chain` holds the present
one for a writer that appends many. Nothing here reads a clock: `ts` is the batch's now.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.entry_writer import encode_entry
from ledger.merkle import Frontier, leaf_hash
from ledger.note import Checkpoint, origin_of
from ledger.signing import Signer
from schemas.codec import encode, schema_hash, schema_json
from schemas.kinds import BODY, EntryKind
from schemas.models import CheckpointEntry, SchemaEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a partition stands: all that its next entry depends on. ledger: 16 bytes; ts: micros UTC."""

    ledger: bytes
    partition: int
    prev: bytes = ZEROS
    ts: int = 0
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def seq(self) -> int:
        """The sequence of the next entry."""
        return self.frontier.size

    def after(self, value: bytes) -> "Head":
        """Return the head after an entry that somebody else wrote; its own claims are asserted to fit."""
        leaf = decode_entry(value)
        assert (leaf.prev, leaf.ledger, leaf.partition, leaf.seq) == (
            self.prev,
            self.ledger,
            self.partition,
            self.seq,
        ), f"entry {leaf.seq} does not follow {self.seq - 1}"
        return self._grown(value, leaf.ts)

    def append(self, kind: EntryKind, message: Any, ts: int) -> tuple["Head", bytes]:
        """Return the head after, and the bytes of, one more entry. A time that goes back is a bug."""
        assert type(message) is BODY[kind], f"{kind.name} holds {BODY[kind].__name__}"
        assert ts >= self.ts, "a ledger's time never goes back"
        leaf = Leaf(
            prev=self.prev,
            ledger=self.ledger,
            partition=self.partition,
            seq=self.seq,
            ts=ts,
            kind=kind,
            schema=schema_hash(type(message)),
            body=encode(message),
        )
        value = encode_entry(leaf)
        return self._grown(value, ts), value

    def _grown(self, value: bytes, ts: int) -> "Head":
        leaf = leaf_hash(value)
        return Head(
            ledger=self.ledger,
            partition=self.partition,
            prev=leaf,
            ts=ts,
            frontier=self.frontier.append(leaf),
        )


@dataclass(slots=True)
class Chain:
    """A writer holding the present head; `origin` is `<operator>/<ledger hex>/<partition>`."""

    head: Head
    operator: str

    @property
    def origin(self) -> str:
        """The name under which this partition's checkpoints are signed."""
        return origin_of(self.operator, self.head.ledger, self.head.partition)

    def append(self, kind: EntryKind, message: Any, ts: int) -> bytes:
        """Append a message as an entry of its kind; return the entry's value bytes."""
        self.head, value = self.head.append(kind, message, ts)
        return value

    def checkpoint(self, signer: Signer) -> bytes:
        """Append a CHECKPOINT over all entries so far, at the last entry's time; return its value bytes."""
        point = Checkpoint(origin=self.origin, size=self.head.seq, root=self.head.frontier.root())
        body = CheckpointEntry(
            size=point.size,
            root=point.root,
            keyid=signer.keyid,
            signature=signer.sign(point.text().encode()),
        )
        return self.append(EntryKind.CHECKPOINT, body, self.head.ts)

    def schemas(self, classes: Iterable[type[Any]], ts: int) -> list[bytes]:
        """Append a SCHEMA entry per message class, before the first use of each; return their values."""
        return [self.append(EntryKind.SCHEMA, schema_entry(cls), ts) for cls in classes]


def schema_entry(cls: type[Any]) -> SchemaEntry:
    """Return the SCHEMA entry that makes a message class readable from the ledger alone."""
    return SchemaEntry(name=cls.__name__, schema=schema_json(cls), document=None)
