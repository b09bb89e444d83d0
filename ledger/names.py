"""Everything that archives name only by hash, in a temporary database, so that memory stays flat."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.entry import decode_entry
from ledger.ilk import Broken, read_archive
from ledger.named import Named, named_by
from ledger.shapes import Malformed, Shapes

_TABLE = """CREATE TABLE named (digest BLOB PRIMARY KEY, source INTEGER, seq INTEGER, what TEXT, flow BLOB,
    held INTEGER DEFAULT 0, erased INTEGER DEFAULT 0) WITHOUT ROWID"""
_ADD = "INSERT OR IGNORE INTO named (digest, source, seq, what, flow) VALUES (?, ?, ?, ?, ?)"
_MISSING = """SELECT source, seq, what, digest FROM named WHERE NOT held AND NOT erased
    ORDER BY source, seq, digest"""
_COUNTS = "SELECT count(*), total(held), total(erased AND NOT held) FROM named"


class Names:
    """What archives name; `held` marks what was found. The first entry that names a thing counts."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._known = sqlite3.connect("")  # a file of its own that goes with it
        self._known.execute(_TABLE)
        for source, path in enumerate(paths):
            rows = ((each.digest, source, each.seq, each.what, each.flow) for each in self._read(path))
            self._known.executemany(_ADD, rows)

    def held(self, digest: bytes) -> bool:
        """Mark as found; False when no entry names it."""
        return self._known.execute("UPDATE named SET held = 1 WHERE digest = ?", (digest,)).rowcount == 1

    def flow(self, digest: bytes) -> bytes | None:
        """Whose text it is; None for what belongs to no flow alone."""
        found = self._known.execute("SELECT flow FROM named WHERE digest = ?", (digest,)).fetchone()
        return None if found is None else found[0]

    def wanted(self, digest: bytes) -> bool:
        """Whether an entry names it, nobody erased it, and it was not found yet; marks it."""
        line = "UPDATE named SET held = 1 WHERE digest = ? AND NOT held AND NOT erased"
        return self._known.execute(line, (digest,)).rowcount == 1

    def missing(self) -> Iterator[tuple[int, int, str, bytes]]:
        """Source, seq, what and digest of all that was neither found nor erased."""
        yield from self._known.execute(_MISSING)

    def counts(self) -> tuple[int, int, int]:
        """How many are named, were found, and were erased and not found."""
        named, held, erased = self._known.execute(_COUNTS).fetchone()
        return named, int(held), int(erased)

    def _read(self, path: Path) -> Iterator[Named]:
        """What the entries of an archive name; what cannot be read is the levels' to report."""
        shapes = Shapes()
        with path.open("rb") as file:
            values = read_archive(file)
            while True:
                try:
                    yield from named_by(decode_entry(next(values)), shapes, self._erase)
                except Malformed:
                    continue
                except (Broken, StopIteration):
                    return

    def _erase(self, digest: bytes) -> None:
        self._known.execute("UPDATE named SET erased = 1 WHERE digest = ?", (digest,))
