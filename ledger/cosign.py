"""A note gains signatures: the log's own over its checkpoint, and those of witnesses who saw it grow."""

from ledger.note import COSIGNATURE, ED25519, Checkpoint, Note, NoteSignature, VerifierKey, cosigned_bytes
from ledger.signing import Signer


def log_key(origin: str, public: bytes) -> VerifierKey:
    """Return the log's own verifier key; its name is the origin."""
    return VerifierKey(name=origin, algorithm=ED25519, public=public)


def log_signature(point: Checkpoint, public: bytes, signature: bytes) -> NoteSignature:
    """Return the note line of a log's 64-byte signature over the checkpoint's text."""
    return NoteSignature(name=point.origin, hint=log_key(point.origin, public).hint, blob=signature)


def cosign(note: Note, name: str, signer: Signer, at: int) -> Note:
    """Return the note with a witness's cosignature of second `at` (epoch, UTC) added."""
    key = VerifierKey(name=name, algorithm=COSIGNATURE, public=signer.public)
    blob = at.to_bytes(8, "big") + signer.sign(cosigned_bytes(note.text, at))
    line = NoteSignature(name=name, hint=key.hint, blob=blob)
    return Note(text=note.text, signatures=(*note.signatures, line))
