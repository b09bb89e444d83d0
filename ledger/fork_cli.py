"""`python -m ledger fork PLACE --note NOTE -o FILE`: two histories of one log, side by side."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.exits import DONE, Parser, ended, not_so
from ledger.fork import BadFork, OtherLog, make_fork


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 a proof was written, 1 there is no fork here, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger fork", description=__doc__)
    parser.add_argument("place", type=Path, help="the .ilk file that contradicts the note, or its folder")
    parser.add_argument("--note", type=Path, required=True, help="the note somebody kept")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the proof to write")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _fork(parsed))


def _fork(parsed: argparse.Namespace) -> int:
    told, note = f"no archive of the note's log in {parsed.place}", parsed.note.read_text(encoding="utf-8")
    for path in archives(parsed.place):
        with path.open("rb") as file:
            try:
                proof = make_fork(read_archive(file), note)
            except OtherLog:
                continue
            except BadFork as error:
                told = f"{path}: {error}"
                continue
        parsed.output.write_text(proof.text(), encoding="utf-8")
        sys.stdout.write(f"{parsed.output}: one key has signed two histories of the same size\n")
        return DONE
    return not_so(told)
