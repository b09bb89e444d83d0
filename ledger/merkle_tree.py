"""Proofs about a list of leaves are made from its complete subtrees, each hashed once (RFC 6962)."""

from collections.abc import Iterable

from ledger.merkle import EMPTY_ROOT, node_hash


class Tree:
    """The hashes of all complete subtrees of a growing list, one flat row of 32-byte hashes per height.

    A proof touches O(log n) of them and rehashes only the ragged right edge. Memory: 64 bytes a leaf.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._rows: list[bytearray] = [bytearray()]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._rows[0]) // 32

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash (32 bytes)."""
        assert len(leaf) == 32
        height, place = 0, len(self)
        self._rows[0] += leaf
        while place & 1:
            row = self._rows[height]
            leaf = node_hash(bytes(row[-64:-32]), leaf)
            height, place = height + 1, place >> 1
            if height == len(self._rows):
                self._rows.append(bytearray())
            self._rows[height] += leaf

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first `size` leaves (all, if None). Raises ValueError beyond the list."""
        end = self._bounded(size)
        return self._span(0, end) if end else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the proof that leaf `index` stands in the first `size` leaves, lowest hash first."""
        end = self._bounded(size)
        if not 0 <= index < end:
            raise ValueError(f"leaf {index} is not among the first {end}")
        start, proof = 0, list[bytes]()
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._span(middle, end))
                end = middle
            else:
                proof.append(self._span(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """Return the proof that the first `old` leaves begin the first `size` leaves, lowest hash first."""
        end = self._bounded(size)
        if not 0 <= old <= end:
            raise ValueError(f"{old} leaves are no part of {end}")
        if old in {0, end}:
            return []
        start, whole, proof = 0, True, list[bytes]()
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._span(middle, end))
                end = middle
            else:
                proof.append(self._span(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._span(start, end))
        return proof[::-1]

    def _bounded(self, size: int | None) -> int:
        end = len(self) if size is None else size
        if not 0 <= end <= len(self):
            raise ValueError(f"the list has {len(self)} leaves, not {end}")
        return end

    def _span(self, start: int, end: int) -> bytes:
        count = end - start
        if count & (count - 1) == 0 and start % count == 0:
            height = count.bit_length() - 1
            at = (start >> height) * 32
            return bytes(self._rows[height][at : at + 32])
        middle = start + _split(count)
        return node_hash(self._span(start, middle), self._span(middle, end))


def _split(count: int) -> int:
    """Return the largest power of two smaller than count (count > 1)."""
    return 1 << ((count - 1).bit_length() - 1)
