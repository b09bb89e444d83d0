"""A checkpoint as a signed note that others' tools read, and that has exactly one spelling here.

C2SP signed-note, tlog-checkpoint and tlog-cosignature. Their stored text has free bytes (base64 accepts two
spellings, extra lines are ignored), so a note is taken only if rendering it again gives the same text.
"""

import base64
from dataclasses import dataclass

from ledger.strict import SIGNATURE_BYTES, verify
from ledger.tag import sha256

NOTE_BYTES_MAX, SIGNATURES_MAX = 16 * 1024, 32
ED25519, COSIGNATURE = 1, 4
_DASH = "\N{EM DASH}"


class BadNote(ValueError):
    """Text that is no signed note, or not its one spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tree of `size` entries of the log named `origin` (`<operator>/<ledger hex>/<partition>`)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the signed text: three lines (C2SP tlog-checkpoint)."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NoteSignature:
    """One signature line: the signer's name, 4 bytes of its key's id, the rest as the algorithm has it."""

    name: str
    hint: bytes
    blob: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text (ending in a newline) with its signatures, in the order they stand."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def render(self) -> str:
        """Return the note's one spelling."""
        lines = (f"{_DASH} {s.name} {base64.b64encode(s.hint + s.blob).decode()}\n" for s in self.signatures)
        return f"{self.text}\n{''.join(lines)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A name with a public key and what it signs: plain notes or timestamped cosignatures."""

    name: str
    algorithm: int
    public: bytes

    @property
    def hint(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public)."""
        return sha256(self.name.encode() + b"\n" + bytes((self.algorithm,)) + self.public)[:4]

    def text(self) -> str:
        """Return the vkey as people hand it around: name+hint+base64(algorithm ‖ public)."""
        key = base64.b64encode(bytes((self.algorithm,)) + self.public).decode()
        return f"{self.name}+{self.hint.hex()}+{key}"

    def signed(self, note: Note) -> bool:
        """Say whether a signature of this key on the note verifies."""
        blobs = (s.blob for s in note.signatures if (s.name, s.hint) == (self.name, self.hint))
        return any(self._verifies(note.text, blob) for blob in blobs)

    def _verifies(self, text: str, blob: bytes) -> bool:
        if self.algorithm == ED25519:
            return verify(self.public, text.encode(), blob)
        if self.algorithm != COSIGNATURE or len(blob) != 8 + SIGNATURE_BYTES:
            return False
        return verify(self.public, cosigned_bytes(text, int.from_bytes(blob[:8], "big")), blob[8:])


def parse_vkey(text: str) -> VerifierKey:
    """Read a vkey. Raises BadNote on another spelling, an unknown algorithm or a hint not of its key."""
    name, _, rest = text.partition("+")
    raw = _unbase64(rest.partition("+")[2])
    if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE) or not _is_name(name):
        raise BadNote("a vkey is name+hint+key of 33 bytes, algorithm 1 or 4")
    key = VerifierKey(name=name, algorithm=raw[0], public=raw[1:])
    if key.text() != text:
        raise BadNote("a vkey whose hint or spelling is not its key's")
    return key


def parse_note(text: str) -> Note:
    """Read a signed note. Raises BadNote unless rendering it again gives the same text."""
    if len(text.encode("utf-8", "replace")) > NOTE_BYTES_MAX:
        raise BadNote(f"a note has at most {NOTE_BYTES_MAX} bytes")
    body, found, lines = text.rpartition("\n\n")
    signatures = tuple(_signature(line) for line in lines.splitlines())
    note = Note(text=body + "\n", signatures=signatures)
    if not found or not 0 < len(signatures) <= SIGNATURES_MAX or note.render() != text:
        raise BadNote("a note is its text, an empty line and its signatures, spelled the one way")
    return note


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text, without extension lines. Raises BadNote unless it is spelled the one way."""
    lines = text.split("\n")
    if len(lines) != 4 or not (lines[1].isascii() and lines[1].isdigit() and len(lines[1]) < 20):
        raise BadNote("a checkpoint is origin, size and root, a line each")
    point = Checkpoint(origin=lines[0], size=int(lines[1]), root=_unbase64(lines[2]))
    if not point.origin or len(point.root) != 32 or point.text() != text:
        raise BadNote("a checkpoint whose spelling is not the one way")
    return point


def origin_of(operator: str, ledger: bytes, partition: int) -> str:
    """Return the name under which a ledger partition's checkpoints are signed."""
    return f"{operator}/{ledger.hex()}/{partition}"


def cosigned_bytes(text: str, at: int) -> bytes:
    """Return what a witness signs: the text and the second it saw it (C2SP tlog-cosignature, v1)."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _signature(line: str) -> NoteSignature:
    dash, name, coded = (*line.split(" ", 2), "", "")[:3]
    raw = _unbase64(coded)
    if dash != _DASH or not _is_name(name) or len(raw) < 5:
        raise BadNote("a signature line is a dash, a name and base64")
    return NoteSignature(name=name, hint=raw[:4], blob=raw[4:])


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and not set(name) & {"+", " "}


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadNote("text that is not base64") from None
