"""The tree against its definition, written here as the RFC writes it: slow, recursive, obviously right."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import Frontier, leaf_hash
from ledger.merkle_proof import consistent, included, root_from_inclusion
from ledger.merkle_tree import Tree

LEAVES = st.lists(st.binary(max_size=3), min_size=1, max_size=70)


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1."""
    if not d:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    """RFC 9162, section 2.1.3.1."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], whole: bool) -> list[bytes]:
    """RFC 9162, section 2.1.4.1."""
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


@given(LEAVES)
def test_frontier_and_tree_have_the_root_of_the_definition(data):
    frontier = Frontier()
    for size, value in enumerate(data):
        assert frontier.root() == mth(data[:size])
        assert frontier.whole()
        frontier = frontier.append(leaf_hash(value))
    assert frontier.root() == mth(data) == Tree(map(leaf_hash, data)).root()


@given(LEAVES, st.data())
def test_inclusion_proofs_are_those_of_the_definition_and_check(data, draw):
    size = draw.draw(st.integers(1, len(data)))
    index = draw.draw(st.integers(0, size - 1))
    tree = Tree(map(leaf_hash, data))
    proof = tree.inclusion(index, size)
    assert proof == path(index, data[:size])
    assert included(leaf_hash(data[index]), index, size, proof, mth(data[:size]))


@given(LEAVES, st.data())
def test_consistency_proofs_are_those_of_the_definition_and_check(data, draw):
    size = draw.draw(st.integers(1, len(data)))
    old = draw.draw(st.integers(1, size))
    proof = Tree(map(leaf_hash, data)).consistency(old, size)
    assert proof == subproof(old, data[:size], True)
    assert consistent(old, mth(data[:old]), size, mth(data[:size]), proof)


@given(LEAVES, st.data())
def test_no_changed_proof_leaf_or_place_is_included(data, draw):
    index = draw.draw(st.integers(0, len(data) - 1))
    tree, root, leaf = Tree(map(leaf_hash, data)), mth(data), leaf_hash(data[index])
    proof = tree.inclusion(index)
    assert not included(leaf_hash(data[index] + b"x"), index, len(data), proof, root)
    assert not included(leaf, index, len(data), [*proof, bytes(32)], root)
    assert not included(leaf, len(data), len(data), proof, root)
    assert not included(leaf, -1, len(data), proof, root)
    if proof:
        place = draw.draw(st.integers(0, len(proof) - 1))
        wrong = [bytes(32) if n == place else each for n, each in enumerate(proof)]
        assert not included(leaf, index, len(data), wrong, root)
        assert not included(leaf, index, len(data), proof[:-1], root)


@given(LEAVES, st.data())
def test_no_rewritten_history_is_consistent(data, draw):
    old = draw.draw(st.integers(1, len(data)))
    changed = [each + b"x" if n == 0 else each for n, each in enumerate(data)]
    proof = Tree(map(leaf_hash, changed)).consistency(old)
    assert not consistent(old, mth(data[:old]), len(data), mth(changed), proof)


@given(st.integers(-2, 40), st.integers(-2, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_checking_any_made_up_proof_is_a_plain_no(first, second, proof):
    assert not consistent(first, bytes(32), second, b"\x01" * 32, proof)
    assert root_from_inclusion(bytes(32), first, second, proof) != bytes(32)
