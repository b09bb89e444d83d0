"""Two notes of one log: the later tree begins with the earlier one, shown by a few hashes (RFC 9162).

A consistency proof is one JSON file. Whoever kept the old note needs neither ledger to know that nothing of
what it covered was changed, left out or put in before the new one.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.merkle import leaf_hash
from ledger.merkle_proof import PROOF_HASHES_MAX, consistent
from ledger.merkle_tree import Tree
from ledger.note import BadNote
from ledger.trust import Anchor, Trust, parse_anchor

FORMAT = "interlock-growth/1"
PROOF_BYTES_MAX = 1024 * 1024


class BadGrowth(ValueError):
    """A file that is no growth proof, or one that proves none; args[0] says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Two notes of the same log, the older first, and the hashes that lead from one root to the other."""

    old: str
    new: str
    hashes: tuple[bytes, ...]

    def text(self) -> str:
        """Return the file's JSON, which `parse_growth` reads back."""
        hashes = [base64.b64encode(each).decode() for each in self.hashes]
        return (
            json.dumps({"format": FORMAT, "old": self.old, "new": self.new, "hashes": hashes}, indent=1)
            + "\n"
        )


def parse_growth(text: str) -> Growth:
    """Read a proof. Raises BadGrowth unless rendering it again gives the same text."""
    try:
        read = json.loads(text if len(text) <= PROOF_BYTES_MAX else "")
        hashes = tuple(base64.b64decode(each, validate=True) for each in read["hashes"])
        growth = Growth(old=str(read["old"]), new=str(read["new"]), hashes=hashes)
    except (binascii.Error, ValueError, TypeError, LookupError, RecursionError) as error:
        raise BadGrowth(f"a growth proof that cannot be read: {error}") from None
    sound = len(hashes) <= PROOF_HASHES_MAX and all(len(each) == 32 for each in hashes)
    if not sound or growth.text() != text:
        raise BadGrowth("a growth proof whose spelling is not the one way")
    return growth


def make_growth(values: Iterable[bytes], old: str, new: str) -> Growth:
    """Prove that a ledger grew from one note to the other. Raises BadGrowth unless both notes are its own."""
    first, second = _anchor(old, None), _anchor(new, None)
    tree = Tree()
    for value in values:
        if len(tree) == second.point.size:
            break
        tree.append(leaf_hash(value))
    for each in (first, second):
        if len(tree) < each.point.size or tree.root(each.point.size) != each.point.root:
            raise BadGrowth(f"this ledger of {len(tree)} entries is not the note's of {each.point.size}")
    return Growth(old=old, new=new, hashes=tuple(tree.consistency(first.point.size, second.point.size)))


def check_growth(growth: Growth, trust: Trust) -> tuple[Anchor, Anchor]:
    """Return both notes as anchors. Raises BadGrowth unless the new tree begins with the old one.

    Both must be of the trust file's ledger and cosigned by its witnesses, else nobody vouches for either.
    """
    old, new = _anchor(growth.old, trust), _anchor(growth.new, trust)
    if old.point.origin != new.point.origin:
        raise BadGrowth("notes of two logs")
    if old.point.origin.split("/")[:2] != [trust.operator, trust.ledger.hex()]:
        raise BadGrowth("notes of another ledger than the trust file's")
    if min(len(old.witnesses), len(new.witnesses)) < trust.quorum:
        raise BadGrowth(f"a note that fewer than {trust.quorum} trusted witnesses signed")
    one, two = old.point, new.point
    if not consistent(one.size, one.root, two.size, two.root, growth.hashes):
        raise BadGrowth(f"the tree of {two.size} does not begin with the tree of {one.size}")
    return old, new


def _anchor(note: str, trust: Trust | None) -> Anchor:
    try:
        return parse_anchor(note, trust)
    except BadNote as error:
        raise BadGrowth(f"a note that is no checkpoint: {error}") from None
