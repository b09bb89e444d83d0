"""`python -m ledger growth PLACE --old NOTE --new NOTE -o FILE`: that a ledger only grew between them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.exits import DONE, Parser, ended, not_so
from ledger.growth import BadGrowth, make_growth


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 written, 1 it did not grow from one to the other, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger growth", description=__doc__)
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("--old", type=Path, required=True, help="the note somebody kept")
    parser.add_argument("--new", type=Path, required=True, help="a later note of the same partition")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the proof to write")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _growth(parsed))


def _growth(parsed: argparse.Namespace) -> int:
    old, new = (note.read_text(encoding="utf-8") for note in (parsed.old, parsed.new))
    told = f"no archive in {parsed.place}"
    for path in archives(parsed.place):
        with path.open("rb") as file:
            try:
                proof = make_growth(read_archive(file), old, new)
            except BadGrowth as error:
                told = f"{path}: {error}"
                continue
        parsed.output.write_text(proof.text(), encoding="utf-8")
        sys.stdout.write(f"{parsed.output}: {len(proof.hashes)} hashes\n")
        return DONE
    return not_so(told)
