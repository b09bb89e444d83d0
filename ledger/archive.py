"""A ledger partition is kept as a file that needs nothing but this house's verifier to be checked."""

from collections.abc import Iterable
from typing import BinaryIO

from ledger.entry import ENTRY_BYTES_MAX
from ledger.ilk import MAGIC, SUFFIX, Broken, archives, read_archive

__all__ = ["MAGIC", "SUFFIX", "Broken", "archives", "read_archive", "write_archive"]


def write_archive(target: BinaryIO, values: Iterable[bytes]) -> int:
    """Write magic and values; return how many values. Raises ValueError on one over the entry limit."""
    target.write(MAGIC)
    count = 0
    for value in values:
        if not 0 < len(value) <= ENTRY_BYTES_MAX:
            raise ValueError(f"value {count} has {len(value)} bytes; an entry has at most {ENTRY_BYTES_MAX}")
        target.write(len(value).to_bytes(4, "big"))
        target.write(value)
        count += 1
    return count
