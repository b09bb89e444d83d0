"""That one leaf stands in a tree, as a text others' tools check without us (C2SP tlog-proof)."""

import base64
import binascii
from dataclasses import dataclass

from ledger.merkle_proof import PROOF_HASHES_MAX, root_from_inclusion
from ledger.trust import Anchor

HEAD = "c2sp.org/tlog-proof@v1"
_HASH_BYTES = 32


class BadProof(ValueError):
    """Text that is no proof, or not its one spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The place of a leaf and the hashes that lead from it to the root, lowest first."""

    index: int
    hashes: tuple[bytes, ...]

    def text(self) -> str:
        """Return the proof's own lines; the checkpoint follows them after an empty line."""
        lines = [HEAD, f"index {self.index}", *(base64.b64encode(each).decode() for each in self.hashes)]
        return "\n".join(lines) + "\n"

    def leads_to(self, leaf: bytes, anchor: Anchor) -> bool:
        """Say whether the leaf hash stands at this place of the anchor's tree."""
        root = root_from_inclusion(leaf, self.index, anchor.point.size, self.hashes)
        return root == anchor.point.root


def tlog_proof(path: Path, note: str) -> str:
    """Return the file another tool reads: the path, an empty line and the signed checkpoint."""
    return f"{path.text()}\n{note}"


def parse_path(text: str) -> Path:
    """Read a proof's own lines. Raises BadProof unless rendering them again gives the same text."""
    lines = text.split("\n")
    number = lines[1].removeprefix("index ") if len(lines) > 2 else ""
    if not (number.isascii() and number.isdigit() and len(number) < 20):
        raise BadProof("a proof is its name, an index and hashes, a line each")
    try:
        hashes = tuple(base64.b64decode(each, validate=True) for each in lines[2:-1])
    except (binascii.Error, ValueError):
        raise BadProof("a hash that is not base64") from None
    path = Path(index=int(number), hashes=hashes)
    sound = len(hashes) <= PROOF_HASHES_MAX and all(len(each) == _HASH_BYTES for each in hashes)
    if not sound or path.text() != text:
        raise BadProof("a proof whose spelling is not the one way")
    return path
