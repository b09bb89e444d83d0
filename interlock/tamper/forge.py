"""A copy of a ledger in a forger's hands: changed, then linked and signed as far as his keys reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger.dsse import pae_digest
from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.entry_writer import encode_entry
from ledger.envelope import opened, seal
from ledger.keys import KeyDocument
from ledger.merkle import Frontier, leaf_hash
from ledger.note import Checkpoint, origin_of
from ledger.signing import Signer
from schemas.codec import decode, encode, schema_hash
from schemas.kinds import BODY, EntryKind, Role
from schemas.models import (
    CheckpointEntry,
    DecisionEntry,
    DocumentEntry,
    DocumentKind,
    Envelope,
    Genesis,
    Intent,
    RegistryDocument,
    Verdict,
)

Keys = Callable[[str], Signer]
LATE_SERIAL = 1 << 60  # after every serial that an honest release pipeline counts


class Impossible(ValueError):
    """This ledger holds nothing that the attack could be done to; args[0] says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One partition as entries. keys: the signer of a name, as far as the forger holds it."""

    leaves: tuple[Leaf, ...]
    keys: Keys

    @classmethod
    def of(cls, values: Iterable[bytes], keys: Keys) -> Copy:
        """Read a ledger. Raises Malformed on one that is damaged already."""
        return cls(leaves=tuple(map(decode_entry, values)), keys=keys)

    def values(self) -> list[bytes]:
        """The entries as they stand, links and signatures as they are."""
        return [encode_entry(leaf) for leaf in self.leaves]

    def place(self, *kinds: EntryKind, last: bool = False) -> int:
        """Where the first (or last) entry of a kind stands. Raises Impossible without one."""
        places = [place for place, leaf in enumerate(self.leaves) if leaf.kind in kinds]
        if not places:
            raise Impossible(f"no {' or '.join(kind.name for kind in kinds)} entry")
        return places[-1 if last else 0]

    def body(self, place: int) -> Any:
        """The message an entry holds."""
        leaf = self.leaves[place]
        return decode(BODY[EntryKind(leaf.kind)], leaf.body)

    def accepted(self) -> tuple[int, DecisionEntry, Intent]:
        """The first accepted decision on one agent's own intent with an order. Raises Impossible."""
        for place, leaf in enumerate(self.leaves):
            if leaf.kind == EntryKind.DECISION:
                body: DecisionEntry = self.body(place)
                direct = body.body.payload_type.endswith(".intent.v1")
                if direct and body.verdict is Verdict.ACCEPTED and body.intent is not None:
                    return place, body, opened(body.body, Intent)
        raise Impossible("no accepted order of one agent's own intent")

    def put(self, place: int, message: Any) -> Copy:
        """The same entry with another body."""
        leaf = replace(self.leaves[place], schema=schema_hash(type(message)), body=encode(message))
        return self.spliced(place, 1, [leaf])

    def spliced(self, place: int, count: int, leaves: Sequence[Leaf]) -> Copy:
        """``count`` entries at ``place`` exchanged for others."""
        return replace(self, leaves=(*self.leaves[:place], *leaves, *self.leaves[place + count :]))

    def entry(self, kind: EntryKind, message: Any, place: int) -> Leaf:
        """A new entry to stand at ``place``, at the time of the one there now."""
        at = self.leaves[min(place, len(self.leaves) - 1)]
        return replace(at, kind=kind, schema=schema_hash(type(message)), body=encode(message))

    def linked(self, *, signed: bool) -> Copy:
        """prev and seq made to fit; with the kernel's key every CHECKPOINT covers what is there now."""
        leaves, prev, frontier = list[Leaf](), ZEROS, Frontier()
        signer = self.keys("kernel-log") if signed else None
        for place, leaf in enumerate(self.leaves):
            made = replace(leaf, prev=prev, seq=place)
            if signer is not None and leaf.kind == EntryKind.CHECKPOINT:
                made = replace(made, body=self._checkpoint(place, frontier, signer))
            prev = leaf_hash(encode_entry(made))
            frontier = frontier.append(prev)
            leaves.append(made)
        return replace(self, leaves=tuple(leaves))

    def _checkpoint(self, size: int, frontier: Frontier, signer: Signer) -> bytes:
        genesis: Genesis = self.body(0)
        origin = origin_of(genesis.operator, self.leaves[0].ledger, self.leaves[0].partition)
        point = Checkpoint(origin=origin, size=size, root=frontier.root())
        signature = signer.sign(point.text().encode())
        body = CheckpointEntry(size=size, root=point.root, keyid=signer.keyid, signature=signature)
        return encode(body)


def resealed(body: DecisionEntry, intent: Intent, by: Signer) -> DecisionEntry:
    """The decision as if this signer had proposed this intent."""
    sealed = seal(intent, by)
    digest = pae_digest(sealed.payload_type, sealed.payload)
    return replace(body, body=sealed, digest=digest)


def key_document(
    public: Signer, role: Role, bound: tuple[str, ...], by: Signer, *, revoked: bool
) -> DocumentEntry:
    """A KEY entry's body: enrolment or revocation of a key, signed by whoever the forger is."""
    document = KeyDocument(public=public.public, role=role, bound=bound, revoked=revoked)
    message = RegistryDocument(
        kind=DocumentKind.KEY,
        id=public.keyid.hex(),
        version="9.9.9",
        serial=LATE_SERIAL,
        body=document.body(),
    )
    sealed: Envelope = seal(message, by)
    return DocumentEntry(document=sealed)
