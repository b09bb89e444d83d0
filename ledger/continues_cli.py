"""`python -m ledger continues NEW OLD [--trust FILE]`: whether NEW's first entry names the end of OLD.

The link alone: each of the two is verified by `verify`, OLD against these very notes.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.continued import Ended, NotContinued, ended, linked, notes_of
from ledger.exits import DONE, Parser, not_so
from ledger.exits import ended as exit_code
from ledger.findings import shown
from ledger.shapes import Malformed
from ledger.trust import parse_trust


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 it goes on from there, 1 it does not, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger continues", description=__doc__)
    parser.add_argument("new", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("old", type=Path, help="the closed ledger's")
    parser.add_argument(
        "--trust", type=Path, help="the old ledger's trust file: its witnesses must have signed"
    )
    parser.add_argument("--notes", type=Path, help="write the notes here, as anchors to verify OLD by")
    parsed = parser.parse_args(arguments)
    return exit_code(lambda: _continues(parsed))


def _continues(parsed: argparse.Namespace) -> int:
    trust = parse_trust(parsed.trust.read_text(encoding="utf-8")) if parsed.trust else None
    told = {_notes(path) for path in archives(parsed.new)}
    if len(told) != 1:
        return not_so(f"{len(told)} different answers in the GENESIS entries of {parsed.new}")
    (notes,) = told
    if not notes:
        return not_so(f"{parsed.new} begins by itself: its GENESIS names no ledger before it")
    try:
        old = [_ended(path) for path in archives(parsed.old)]
        anchors = linked(notes, old, trust)
    except NotContinued as error:
        return not_so(str(error))
    for end, anchor in zip(old, anchors, strict=True):
        vouched = (
            f"cosigned by {', '.join(anchor.witnesses)}" if anchor.witnesses else "no trust file: unvouched"
        )
        line = f"{end.origin}: closed ({end.reason}) at {end.size} entries, {vouched}"
        sys.stdout.write(f"{shown(line)}\n")
        if parsed.notes is not None:
            parsed.notes.mkdir(parents=True, exist_ok=True)
            name = parsed.notes / f"{anchor.partition}.note"
            name.write_text(anchor.note.render(), encoding="utf-8")
    return DONE


def _ended(path: Path) -> Ended:
    with path.open("rb") as file:
        return ended(read_archive(file))


def _notes(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        for value in islice(read_archive(file), 1):
            return notes_of(value)
    raise Malformed(f"{path} holds no entry")
