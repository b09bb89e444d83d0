"""The tree against a second one, written from RFC 9162 alone: every size to 130, samples to 10,000."""

from __future__ import annotations

import functools
from hashlib import sha256
from random import Random

import pytest

from ledger.chunks import Chunk, Surveyed, _subtrees, grown
from ledger.merkle import Frontier
from ledger.merkle_proof import consistent, included
from ledger.merkle_tree import Tree

ALL_TO = 130
SAMPLED_TO = 10_000
LEAVES = [sha256(b"\x00" + str(number).encode()).digest() for number in range(SAMPLED_TO)]
TREE = Tree(LEAVES)


@functools.cache
def mth(start: int, end: int) -> bytes:
    """MTH(D[start:end]), section 2.1.1; of the leaves' hashes, not of their data."""
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return LEAVES[start]
    k = split(end - start)
    return sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[start:end]), section 2.1.3.1."""
    if end - start == 1:
        return []
    k = split(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[start:end], b), section 2.1.4.1."""
    if m == end - start:
        return [] if whole else [mth(start, end)]
    k = split(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, False), mth(start, start + k)]


def test_every_root_to_130_is_the_definitions() -> None:
    frontier = Frontier()
    for size in range(ALL_TO + 1):
        assert frontier.root() == TREE.root(size) == mth(0, size)
        frontier = frontier.append(LEAVES[size])


def test_every_inclusion_proof_to_130_is_the_definitions_and_leads_nowhere_else() -> None:
    for size in range(1, ALL_TO + 1):
        for index in range(size):
            proof = TREE.inclusion(index, size)
            assert proof == path(index, 0, size)
            assert included(LEAVES[index], index, size, proof, mth(0, size))
            assert not included(LEAVES[index], (index + 1) % (size + 1), size, proof, mth(0, size))


def test_every_consistency_proof_to_130_is_the_definitions_and_fits_no_other_root() -> None:
    for size in range(1, ALL_TO + 1):
        for old in range(1, size + 1):
            proof = TREE.consistency(old, size)
            assert proof == subproof(old, 0, size, True)
            assert consistent(old, mth(0, old), size, mth(0, size), proof)
            assert not consistent(old, mth(1, old + 1), size, mth(0, size), proof)


@pytest.mark.parametrize("seed", range(5))
def test_sampled_proofs_beyond_are_the_definitions(seed: int) -> None:
    draw = Random(seed)
    for _ in range(60):
        size = draw.randrange(ALL_TO, SAMPLED_TO + 1)
        index, old = draw.randrange(size), draw.randrange(1, size + 1)
        proof = TREE.inclusion(index, size)
        assert proof == path(index, 0, size)
        assert included(LEAVES[index], index, size, proof, mth(0, size))
        grew = TREE.consistency(old, size)
        assert grew == subproof(old, 0, size, True)
        assert consistent(old, mth(0, old), size, mth(0, size), grew)


def test_runs_hashed_apart_join_to_the_same_tree_wherever_they_are_cut() -> None:
    draw = Random(7)
    for size in (1, 2, 3, 64, 129, 130, 1_000, SAMPLED_TO):
        for longest in (1, 3, 16, 100, SAMPLED_TO):
            frontier = Frontier()
            while frontier.size < size:
                first = frontier.size
                count = min(size - first, draw.randrange(1, longest + 1))
                frontier = grown(frontier, run_of(first, count))
            assert frontier.root() == mth(0, size)
            assert frontier.whole()


def run_of(first: int, count: int) -> Surveyed:
    """What another process would have said of these leaves."""
    leaves = LEAVES[first : first + count]
    chunk = Chunk(path=None, source=0, offset=0, first=first, count=count, size=0)  # type: ignore[arg-type]  # no file
    trees = _subtrees(chunk, list(leaves))
    return Surveyed(chunk=chunk, subtrees=trees, prev=leaves[-1], tail=0, last=None, ground=())
