"""A ledger partition as a file: a magic, then each entry's value with its length before it (`.ilk`)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ledger.entry import ENTRY_BYTES_MAX

MAGIC = b"interlock-ledger/1\n"
SUFFIX = ".ilk"


class Broken(ValueError):
    """The frames of an archive end or lie: nothing after this place can be read."""


def write_archive(target: BinaryIO, values: Iterable[bytes]) -> int:
    """Write magic and values; return how many values. Raises ValueError on one over the entry limit."""
    target.write(MAGIC)
    count = 0
    for value in values:
        if len(value) > ENTRY_BYTES_MAX:
            raise ValueError(f"value {count} has {len(value)} bytes; an entry has at most {ENTRY_BYTES_MAX}")
        target.write(len(value).to_bytes(4, "big"))
        target.write(value)
        count += 1
    return count


def read_archive(source: BinaryIO) -> Iterator[bytes]:
    """Yield the values in order, one at a time in memory. Raises Broken where the file cannot be followed."""
    if source.read(len(MAGIC)) != MAGIC:
        raise Broken("the file does not begin as a ledger archive")
    at = len(MAGIC)
    while head := source.read(4):
        size = int.from_bytes(head, "big")
        if len(head) < 4 or size > ENTRY_BYTES_MAX:
            raise Broken(f"byte {at}: no whole and possible length")
        value = source.read(size)
        if len(value) < size:
            raise Broken(f"byte {at}: {size} bytes announced, {len(value)} there")
        at += 4 + size
        yield value


def archives(place: Path) -> list[Path]:
    """Return the archives that a path names: itself, or those of a folder in order of name."""
    return sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
