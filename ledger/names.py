"""Everything that archives name only by hash, in a temporary database, so that memory stays flat."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.entry import decode_entry
from ledger.ilk import Broken, read_archive
from ledger.named import Named, named_by
from ledger.shapes import Malformed, Shapes

# One text may be committed to in two flows: it is there if it is there for one, but it is said of its own.
_TABLE = """CREATE TABLE named (digest BLOB, key TEXT, source INTEGER, seq INTEGER, what TEXT,
    held INTEGER DEFAULT 0, erased INTEGER DEFAULT 0, PRIMARY KEY (digest, key)) WITHOUT ROWID"""
_ADD = "INSERT OR IGNORE INTO named (digest, key, source, seq, what) VALUES (?, ?, ?, ?, ?)"
_ALL = "FROM (SELECT *, max(held) AS here, min(erased) AS gone FROM named GROUP BY digest)"
_MISSING = f"SELECT source, seq, what, digest {_ALL} WHERE NOT here AND NOT gone ORDER BY 1, 2, 4"
_COUNTS = f"SELECT count(*), total(here), total(gone AND NOT here) {_ALL}"


class Names:
    """What archives name; what was found of it is marked. The first entry that names a thing counts."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._known = sqlite3.connect("")  # a file of its own that goes with it
        self._known.execute(_TABLE)
        for source, path in enumerate(paths):
            rows = ((each.digest, each.key, source, each.seq, each.what) for each in self._read(path))
            self._known.executemany(_ADD, rows)

    def held(self, digest: bytes, key: str = "") -> bool:
        """Mark as found under this key; False when no entry names it so."""
        line = "UPDATE named SET held = 1 WHERE digest = ? AND key = ?"
        return self._known.execute(line, (digest, key)).rowcount == 1

    def key(self, digest: bytes) -> str | None:
        """Return a key that it is named under; None when no entry names it."""
        found = self._known.execute("SELECT key FROM named WHERE digest = ?", (digest,)).fetchone()
        return None if found is None else found[0]

    def wanted(self, digest: bytes, key: str = "") -> bool:
        """Whether an entry names it so, nobody erased it, and it was not found yet; marks it."""
        line = "UPDATE named SET held = 1 WHERE digest = ? AND key = ? AND NOT held AND NOT erased"
        return self._known.execute(line, (digest, key)).rowcount == 1

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
