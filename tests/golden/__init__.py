"""One ledger per released law, kept as it was written: today's code must judge it as it was judged then.

``law-N.ilk.gz`` is an archive whose GENESIS names law N, ``law-N.note`` what the witness cosigned of its end.
A file is never made again: a law that rules otherwise is another law, with another ledger.
"""

import gzip
import io
from pathlib import Path

from ledger.archive import read_archive
from ledger.tag import sha256

FOLDER = Path(__file__).parent
BYTES_MAX = 300_000


def laws():
    """The laws that have a ledger here, by name."""
    return sorted(
        path.name.removeprefix("law-").removesuffix(".ilk.gz") for path in FOLDER.glob("law-*.ilk.gz")
    )


def values(law):
    """The entries of a law's ledger."""
    raw = gzip.decompress((FOLDER / f"law-{law}.ilk.gz").read_bytes())
    return tuple(read_archive(io.BytesIO(raw)))


def note(law):
    """The last checkpoint, cosigned."""
    return (FOLDER / f"law-{law}.note").read_text(encoding="utf-8")


def digest(law):
    """What a law's ledger is known by: SHA-256 of its file."""
    return sha256((FOLDER / f"law-{law}.ilk.gz").read_bytes()).hex()
