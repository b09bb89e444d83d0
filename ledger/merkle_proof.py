"""Short proofs say what is in a list and that it only grew; checking them needs no tree (RFC 9162)."""

from collections.abc import Sequence

from ledger.merkle import EMPTY_ROOT, node_hash

PROOF_HASHES_MAX = 64


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion proof leads to, None when the proof has not the shape of its place.

    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size or len(proof) > PROOF_HASHES_MAX:
        return None
    place, last, root = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = node_hash(step, root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, step)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether `leaf` stands at `index` of the list of `size` leaves with that root."""
    return root_from_inclusion(leaf, index, size, proof) == root


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the list of `new` leaves begins with the list of `old` leaves (RFC 9162, section 2.1.4.2).

    Of an empty list nothing can be said, so `old` = 0 needs an empty proof and the empty root.
    """
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return new > 0 and not proof and old_root == EMPTY_ROOT
    if not 0 < old < new or not 0 < len(proof) + (old & (old - 1) == 0) <= PROOF_HASHES_MAX + 1:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
