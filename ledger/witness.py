"""Somebody outside who saw the ledger grow, remembers what it saw, and signs nothing that forgets it.

A witness defends against the two attacks that the kernel's own key cannot: cutting at a checkpoint, and
writing the whole history anew. It is a fold over entries with a tree of its own. What it signed last is all
that must survive a restart: the edge keeps that note on disk, and the entries are read again from the first.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from ledger.cosign import cosign, log_signature
from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.envelope import opened, signed_by
from ledger.keys import KeyFault, KeyRing, read_key_document
from ledger.merkle import Frontier, leaf_hash
from ledger.note import Checkpoint, Note, origin_of
from ledger.shapes import Malformed
from ledger.signing import Signer, verify
from schemas.codec import Unreadable, decode
from schemas.kinds import EntryKind, Role
from schemas.models import CheckpointEntry, DocumentEntry, DocumentKind, Genesis, RegistryDocument


class Refusal(StrEnum):
    """Why a witness will not go on: each one is evidence, kept with the entry that gave it."""

    ENTRY_UNREADABLE = "ENTRY_UNREADABLE"
    NOT_NEXT = "NOT_NEXT"
    FOREIGN = "FOREIGN"
    PREV_BROKEN = "PREV_BROKEN"
    TIME_WENT_BACK = "TIME_WENT_BACK"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    CHECKPOINT_SIGNER = "CHECKPOINT_SIGNER"
    KEY_REFUSED = "KEY_REFUSED"
    INSIDE = "INSIDE"  # an entry that fits, and holds what nobody might sign or read
    FORK = "FORK"
    ROLLBACK = "ROLLBACK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What a witness knows of one partition; ledger is empty until GENESIS has been seen.

    known: the last checkpoint it signed in a life before. It signs nothing smaller, and the tree must pass
    through exactly that root.
    """

    ledger: bytes = b""
    partition: int = 0
    operator: str = ""
    prev: bytes = ZEROS
    ts: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    keys: KeyRing = field(default_factory=KeyRing)
    known: Checkpoint | None = None

    @property
    def origin(self) -> str:
        """The C2SP origin of what it watches."""
        return origin_of(self.operator, self.ledger, self.partition)

    def see(self, value: bytes) -> "tuple[Witness, Note | None] | Refusal":
        """Fold the next entry. A valid CHECKPOINT beyond what is known gives the note to cosign."""
        try:
            entry = decode_entry(value)
            leaf = leaf_hash(value)
            refused = self._refused(entry)
            if refused is not None:
                return refused
            folded = self._folded(entry)
            if not isinstance(folded, Witness):
                return folded
            after = replace(folded, prev=leaf, ts=entry.ts, frontier=self.frontier.append(leaf))
            if entry.kind != EntryKind.CHECKPOINT:
                return after, None
            return after._checkpoint(self.frontier, decode(CheckpointEntry, entry.body), entry.seq)
        except (Malformed, Unreadable):
            return Refusal.ENTRY_UNREADABLE

    def at_end(self) -> Refusal | None:
        """Say whether the ledger, read to its end, is shorter than what was signed before."""
        short = self.known is not None and self.frontier.size < self.known.size
        return Refusal.ROLLBACK if short else None

    def _refused(self, entry: Leaf) -> Refusal | None:
        if entry.seq != self.frontier.size:
            return Refusal.NOT_NEXT
        known = self.known
        if known is not None and known.size == self.frontier.size and known.root != self.frontier.root():
            return Refusal.FORK
        first = entry.seq == 0
        if first != (entry.kind == EntryKind.GENESIS):
            return Refusal.NOT_NEXT
        if not first and (entry.ledger, entry.partition) != (self.ledger, self.partition):
            return Refusal.FOREIGN
        if entry.prev != self.prev:
            return Refusal.PREV_BROKEN
        return Refusal.TIME_WENT_BACK if entry.ts < self.ts else None

    def _folded(self, entry: Leaf) -> "Witness | Refusal":
        if entry.kind == EntryKind.GENESIS:
            genesis = decode(Genesis, entry.body)
            if self.known is not None and self.known.origin != origin_of(
                genesis.operator, entry.ledger, entry.partition
            ):
                return Refusal.FOREIGN
            return replace(
                self,
                ledger=entry.ledger,
                partition=entry.partition,
                operator=genesis.operator,
                keys=KeyRing.of_root(genesis.root_key),
            )
        if entry.kind != EntryKind.KEY:
            return self
        ring = admitted(self.keys, entry)
        return Refusal.KEY_REFUSED if isinstance(ring, KeyFault) else replace(self, keys=ring)

    def _checkpoint(
        self, before: Frontier, body: CheckpointEntry, seq: int
    ) -> "tuple[Witness, Note | None] | Refusal":
        point = Checkpoint(origin=self.origin, size=body.size, root=body.root)
        if (body.size, body.root) != (before.size, before.root()):
            return Refusal.ROOT_MISMATCH
        key = self.keys.valid(body.keyid, Role.KERNEL_LOG, seq)
        if key is None or not verify(key.public, point.text().encode(), body.signature):
            return Refusal.CHECKPOINT_SIGNER
        note = Note(text=point.text(), signatures=(log_signature(point, key.public, body.signature),))
        if self.known is None or point.size > self.known.size:
            return self, note
        return self, None


def admitted(ring: KeyRing, entry: Leaf) -> KeyRing | KeyFault:
    """Return the ring after a KEY entry, its envelope's one signature verified. Raises Unreadable."""
    envelope = decode(DocumentEntry, entry.body).document
    document = opened(envelope, RegistryDocument)
    key = read_key_document(document.body)
    if isinstance(key, KeyFault):
        return key
    signer = ring.keys.get(envelope.signatures[0].keyid) if len(envelope.signatures) == 1 else None
    if signer is None or document.kind is not DocumentKind.KEY or not signed_by(envelope, signer.public):
        return KeyFault.ENROLLER_NOT_VALID
    return ring.admit(entry.seq, key, signer.keyid)


def cosigned(note: Note, name: str, signer: Signer, now: int) -> str:
    """Return the note as text with the witness's cosignature; now in micros, signed as whole seconds."""
    return cosign(note, name, signer, now // 1_000_000).render()
