"""A ledger partition is read from a file one value at a time: a magic, then lengths and values (`.ilk`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ledger.entry import ENTRY_BYTES_MAX

MAGIC, SUFFIX = b"interlock-ledger/1\n", ".ilk"


class Broken(ValueError):
    """The frames of an archive end or lie: nothing after this place can be read."""


def read_archive(source: BinaryIO, offset: int = 0) -> Iterator[bytes]:
    """Yield the values in order, from the first or the frame at `offset` on, one at a time in memory.

    Raises Broken where the file cannot be followed.
    """
    if source.read(len(MAGIC)) != MAGIC:
        raise Broken("the file does not begin as a ledger archive")
    source.seek(offset or len(MAGIC))
    while head := source.read(4):
        size = int.from_bytes(head, "big")
        value = source.read(size) if len(head) == 4 and size <= ENTRY_BYTES_MAX else b""
        if not value or len(value) < size:
            raise Broken(f"{size} bytes announced, {len(value)} there")
        yield value


def archives(place: Path) -> list[Path]:
    """Return the archives that a path names: itself, or those of a folder in order of name."""
    return sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
