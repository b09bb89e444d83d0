"""One strict reading of Ed25519, so that no two verifiers can disagree about a signature (40-ledger.md).

libsodium refuses S ≥ L, a non-canonical or small-order A and a small-order R. It no longer refuses a
non-canonical R since it went cofactored, so both points' encodings are checked here as well.
"""

from hashlib import sha256

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
_P = (1 << 255) - 19
_L = (1 << 252) + 27742317777372353535851937790883648493


def keyid(public: bytes) -> bytes:
    """Return the 32-byte name of a key: SHA-256 of its public bytes."""
    return sha256(public).digest()


class Signer:
    """A private key that signs and is never shown: not by repr, not by pickling, not by an attribute."""

    __slots__ = ("_secret", "keyid", "public")

    def __init__(self, seed: bytes) -> None:
        """Take a 32-byte seed (RFC 8032). Raises ValueError for any other length."""
        if len(seed) != 32:
            raise ValueError("an Ed25519 seed has 32 bytes")
        self.public, self._secret = crypto_sign_seed_keypair(seed)
        self.keyid = keyid(self.public)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`; the same message gives the same bytes."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"Signer(keyid={self.keyid.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a Signer is not copied out of its process")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is the key's, by the strict rules; any malformed input is a plain no."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    if not (_canonical(public) and _canonical(signature[:32])):
        return False
    if int.from_bytes(signature[32:], "little") >= _L:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


def _canonical(point: bytes) -> bool:
    y = int.from_bytes(point, "little") & ((1 << 255) - 1)
    return y < _P
