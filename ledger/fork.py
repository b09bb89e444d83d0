"""Two notes of one size and two roots: whoever holds the log's key has told two histories, and this shows it.

A fork proof is one JSON file: both notes, and the KEY entries by which the auditor's root enrolled the key
that signed them. It accuses nobody but the key's holder, and needs neither of the two ledgers.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.cosign import log_key, log_signature
from ledger.entry import decode_entry
from ledger.keys import KeyFault, KeyRing
from ledger.note import BadNote, Checkpoint, Note, origin_of, parse_checkpoint, parse_note
from ledger.shapes import Malformed
from ledger.trust import Trust
from ledger.witness import admitted
from schemas.codec import Unreadable, decode
from schemas.kinds import EntryKind, Role
from schemas.models import CheckpointEntry, Genesis

FORMAT = "interlock-fork/1"
PROOF_BYTES_MAX = 1024 * 1024
KEYS_MAX = 64


class BadFork(ValueError):
    """A file that is no fork proof, or two notes that prove none; args[0] says why."""


class OtherLog(BadFork):
    """A note and a ledger of which neither can contradict the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkProof:
    """Two notes of the same log and size; keys: KEY entries as they stand in the ledger, in order."""

    first: str
    second: str
    keys: tuple[bytes, ...]

    def text(self) -> str:
        """Return the file's JSON, which `parse_fork` reads back."""
        keys = [base64.b64encode(each).decode() for each in self.keys]
        members = {"format": FORMAT, "notes": [self.first, self.second], "keys": keys}
        return json.dumps(members, indent=1) + "\n"


def parse_fork(text: str) -> ForkProof:
    """Read a proof. Raises BadFork unless rendering it again gives the same text."""
    try:
        read = json.loads(text if len(text) <= PROOF_BYTES_MAX else "")
        first, second = map(str, read["notes"])
        keys = tuple(base64.b64decode(each, validate=True) for each in read["keys"])
        proof = ForkProof(first=first, second=second, keys=keys)
    except (binascii.Error, ValueError, TypeError, LookupError, RecursionError) as error:
        raise BadFork(f"a fork proof that cannot be read: {error}") from None
    if len(keys) > KEYS_MAX or proof.text() != text:
        raise BadFork("a fork proof whose spelling is not the one way")
    return proof


def make_fork(values: Iterable[bytes], kept: str) -> ForkProof:
    """Set the note somebody kept against this ledger's own CHECKPOINT of the same size.

    Raises BadFork when there is none, or it says the same; Malformed or Unreadable on bytes that are none.
    """
    point, ring, origin, enrolled = _point(kept), KeyRing(), "", list[tuple[Role, bytes, bytes]]()
    for value in values:
        entry = decode_entry(value)
        if entry.kind == EntryKind.GENESIS:
            genesis = decode(Genesis, entry.body)
            origin = origin_of(genesis.operator, entry.ledger, entry.partition)
            if origin != point.origin:
                raise OtherLog(f"a note of {point.origin}, and this is {origin}")
            ring = KeyRing.of_root(genesis.root_key)
        elif entry.kind == EntryKind.KEY:
            before, grown = ring.keys, admitted(ring, entry)
            ring = ring if isinstance(grown, KeyFault) else grown
            enrolled += [(k.role, k.keyid, value) for k in ring.keys.values() if k.keyid not in before]
        elif entry.kind == EntryKind.CHECKPOINT and entry.seq == point.size:
            return _proof(kept, origin, decode(CheckpointEntry, entry.body), ring, enrolled)
    raise BadFork(f"this ledger has no CHECKPOINT of {point.size} entries to set against the note")


def _proof(
    kept: str, origin: str, own: CheckpointEntry, ring: KeyRing, enrolled: list[tuple[Role, bytes, bytes]]
) -> ForkProof:
    point, signer = Checkpoint(origin=origin, size=own.size, root=own.root), ring.keys.get(own.keyid)
    if signer is None:
        raise BadFork("a CHECKPOINT by a key that this ledger never enrolled")
    if point == _point(kept):
        raise BadFork("the ledger's own CHECKPOINT and the note say the same")
    if not log_key(origin, signer.public).signed(parse_note(kept)):
        raise BadFork("the note is not signed by the key that signed the CHECKPOINT: it accuses nobody")
    note = Note(text=point.text(), signatures=(log_signature(point, signer.public, own.signature),))
    needed = (value for role, name, value in enrolled if name == own.keyid or role is Role.REGISTRY)
    return ForkProof(first=kept, second=note.render(), keys=tuple(needed))


def check_fork(proof: ForkProof, trust: Trust) -> tuple[Checkpoint, Checkpoint]:
    """Return the two histories' checkpoints. Raises BadFork, saying why, when they prove no fork."""
    one, two = _point(proof.first), _point(proof.second)
    if (one.origin, one.size) != (two.origin, two.size):
        raise BadFork("notes of two logs, or of two sizes: neither contradicts the other")
    if one.root == two.root:
        raise BadFork("both notes say the same")
    if one.origin.split("/")[:2] != [trust.operator, trust.ledger.hex()]:
        raise BadFork("notes of another ledger than the trust file's")
    for public in _log_keys(proof.keys, trust):
        named = log_key(one.origin, public)
        if named.signed(parse_note(proof.first)) and named.signed(parse_note(proof.second)):
            return one, two
    raise BadFork("no one KERNEL_LOG key, enrolled by a root of the trust file, signed both notes")


def _point(note: str) -> Checkpoint:
    try:
        return parse_checkpoint(parse_note(note).text)
    except BadNote as error:
        raise BadFork(f"a note that is no checkpoint: {error}") from None


def _log_keys(entries: tuple[bytes, ...], trust: Trust) -> list[bytes]:
    """The public keys of role KERNEL_LOG that the entries enrol, beginning from a trusted root."""
    found = []
    for root in trust.roots:
        ring = KeyRing.of_root(root)
        for value in entries:
            try:
                grown = admitted(ring, decode_entry(value))
            except (Malformed, Unreadable) as error:
                raise BadFork(f"a KEY entry that cannot be read: {error}") from None
            ring = ring if isinstance(grown, KeyFault) else grown
        found += [key.public for key in ring.keys.values() if key.role is Role.KERNEL_LOG]
    return found
