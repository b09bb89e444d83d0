"""A growing list of leaves has one root, and a writer need only remember its frontier (RFC 6962)."""

from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT, FRONTIER_HASHES_MAX = sha256(b"").digest(), 64


def leaf_hash(value: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ value)."""
    return sha256(b"\x00" + value).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The roots of the complete subtrees of `size` leaves, largest first: all a writer has to remember.

    There are as many as ones in the binary form of size, so at most 64.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """Return the frontier after one more leaf hash (32 bytes)."""
        hashes, size = self.hashes, self.size
        while size & 1:
            leaf = node_hash(hashes[-1], leaf)
            hashes = hashes[:-1]
            size >>= 1
        return Frontier(size=self.size + 1, hashes=(*hashes, leaf))

    def root(self) -> bytes:
        """Return the root of the list as it stands (32 bytes)."""
        root = self.hashes[-1] if self.hashes else EMPTY_ROOT
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def whole(self) -> bool:
        """Say whether this can be the frontier of its size; one read from a store is checked before use."""
        counted = 0 <= self.size < 1 << FRONTIER_HASHES_MAX and len(self.hashes) == self.size.bit_count()
        return counted and all(len(each) == 32 for each in self.hashes)
