"""One strict reading of Ed25519, so that no two verifiers can disagree about a signature (40-ledger.md).

libsodium refuses S ≥ L, a non-canonical or small-order A and a small-order R. It no longer refuses a
non-canonical R since it went cofactored, so both points' encodings are checked here as well.
"""

from hashlib import sha256

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

PUBLIC_BYTES, SIGNATURE_BYTES = 32, 64
_P, _Y = (1 << 255) - 19, (1 << 255) - 1  # the field, and the bits of a point that hold its y
_L = (1 << 252) + 27742317777372353535851937790883648493


def keyid(public: bytes) -> bytes:
    """Return the 32-byte name of a key: SHA-256 of its public bytes."""
    return sha256(public).digest()


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is the key's, by the strict rules; any malformed input is a plain no."""
    if (len(public), len(signature)) != (PUBLIC_BYTES, SIGNATURE_BYTES):
        return False
    own, point, number = (int.from_bytes(each, "little") for each in (public, signature[:32], signature[32:]))
    if own & _Y >= _P or point & _Y >= _P or number >= _L:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True
