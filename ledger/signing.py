"""Signing is holding a secret: a key that can be used here and taken nowhere."""

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from ledger.strict import PUBLIC_BYTES, SIGNATURE_BYTES, keyid, verify

__all__ = ["PUBLIC_BYTES", "SIGNATURE_BYTES", "Signer", "keyid", "verify"]


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
