"""One strict reading of Ed25519, so that no two verifiers can disagree about a signature (40-ledger.md).

libsodium refuses S ≥ L, a non-canonical or small-order A and a small-order R. It no longer refuses a
non-canonical R since it went cofactored, so both points' encodings are checked here as well.
"""

from hashlib import sha256

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
_P = (1 << 255) - 19
_L = (1 << 252) + 27742317777372353535851937790883648493


def keyid(public: bytes) -> bytes:
    """Return the 32-byte name of a key: SHA-256 of its public bytes."""
    return sha256(public).digest()


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is the key's, by the strict rules; any malformed input is a plain no."""
    if (len(public), len(signature)) != (PUBLIC_BYTES, SIGNATURE_BYTES):
        return False
    if not (_canonical(public) and _canonical(signature[:32])) or _number(signature[32:]) >= _L:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


def _canonical(point: bytes) -> bool:
    return _number(point) & ((1 << 255) - 1) < _P


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
