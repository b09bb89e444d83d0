"""An archive is cut into runs of entries, and each run's bytes are hashed into the subtrees they complete.

So many processes hash runs side by side, and what they found joins to the tree that one reader would grow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from ledger.entry import ENTRY_BYTES_MAX, Leaf, decode_entry
from ledger.ilk import MAGIC, read_archive
from ledger.merkle import Frontier, leaf_hash, node_hash
from ledger.shapes import Malformed

CHUNK_BYTES, BLOCK = 1 << 25, 1 << 20  # of a chunk, which is held whole; of what is read for its lengths

# An entry's head is 48 fixed bytes, three numbers, then the kind: 0, 1, 7 or 20, doubled by zigzag.
_IS_GROUND = re.compile(rb"(?s).{48}(?:[\x80-\xff]*[\x00-\x7f]){3}[\x00\x02\x0e\x28]").match


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """`count` entries of a file from the frame at `offset` on; `first` entries stand before them."""

    path: Path
    source: int
    offset: int
    first: int
    count: int
    size: int

    def values(self) -> Iterator[bytes]:
        """Yield its values. The frames were whole when the chunk was cut."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data, at = file.read(self.size), 0
        for _ in range(self.count):
            start = at + 4
            at = start + int.from_bytes(data[at:start], "big")
            yield data[start:at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What a chunk's bytes say. subtrees: sizes and roots, in order, of the subtrees it completes alone.

    prev, tail: the last value's leaf hash and bytes; last: the last readable entry, without its body.
    """

    chunk: Chunk
    subtrees: tuple[tuple[int, bytes], ...]
    prev: bytes
    tail: int
    last: Leaf | None
    ground: tuple[bytes, ...]


def cut(path: Path, source: int, start: tuple[int, int], length: int) -> Iterator[Chunk]:
    """Yield the chunks of a file, `length` entries each but those that are large in bytes, and the last.

    start: offset and entries before. Raises Broken behind the last whole frame, as reading it would.
    """
    offset, first = start
    with path.open("rb") as file:
        end, count = path.stat().st_size, 0
        next(read_archive(file, end), None)  # is it one at all
        begun = at = offset or len(MAGIC)
        for at in _frames(file, begun, end):
            count += 1
            if count == length or at - begun >= CHUNK_BYTES:
                yield Chunk(path=path, source=source, offset=begun, first=first, count=count, size=at - begun)
                begun, first, count = at, first + count, 0
        if count:
            yield Chunk(path=path, source=source, offset=begun, first=first, count=count, size=at - begun)
        if at < end:
            file.seek(0)
            next(read_archive(file, at))  # says itself what is wrong there


def _frames(file: BinaryIO, at: int, end: int) -> Iterator[int]:
    """Yield where each whole frame ends; the file is read in blocks, not once for every length."""
    block, base = b"", at
    while at < end:
        if at + 4 > base + len(block):
            base = file.seek(at)
            block = file.read(BLOCK)
        size = int.from_bytes(block[at - base : at - base + 4], "big")
        at += 4 + size
        if not 0 < size <= ENTRY_BYTES_MAX or at > end:
            return
        yield at


def survey(chunk: Chunk) -> Surveyed:
    """Hash a chunk's entries and pick out those that later ones rest on."""
    leaves, ground, value = list[bytes](), list[bytes](), b""
    for value in chunk.values():
        leaves.append(sha256(b"\x00" + value).digest())  # leaf_hash, without the call
        if _IS_GROUND(value):
            ground.append(value)
    return Surveyed(
        chunk=chunk, subtrees=_subtrees(chunk, leaves), prev=leaf_hash(value), tail=len(value),
        last=leaf_of(value) or _last_leaf(chunk), ground=tuple(ground),
    )  # fmt: skip


def grown(frontier: Frontier, surveyed: Surveyed) -> Frontier:
    """Return the frontier after a chunk that begins where it ends."""
    size, hashes = frontier.size, list(frontier.hashes)
    for count, root in surveyed.subtrees:
        node, place = root, size // count
        while place & 1:
            node, place = node_hash(hashes.pop(), node), place >> 1
        hashes.append(node)
        size += count
    return Frontier(size=size, hashes=tuple(hashes))


def _subtrees(chunk: Chunk, leaves: list[bytes]) -> tuple[tuple[int, bytes], ...]:
    """Hash the leaves row by row; what has no partner inside the chunk stands alone."""
    before, after, row, first, count = (
        list[tuple[int, bytes]](),
        list[tuple[int, bytes]](),
        leaves,
        chunk.first,
        1,
    )
    while row:
        if first & 1:
            before.append((count, row.pop(0)))
            first += 1
        if len(row) & 1:
            after.append((count, row.pop()))
        pairs = zip(row[::2], row[1::2], strict=True)
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs]  # node_hash, likewise
        first, count = first >> 1, count * 2
    return (*before, *reversed(after))


def leaf_of(value: bytes) -> Leaf | None:
    """Return an entry without its body, None if it is none."""
    try:
        return replace(decode_entry(value), body=b"")
    except Malformed:
        return None


def _last_leaf(chunk: Chunk) -> Leaf | None:
    found = None
    for value in chunk.values():
        found = leaf_of(value) or found
    return found
