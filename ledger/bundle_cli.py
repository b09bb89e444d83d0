"""`python -m ledger bundle DFID PLACE -o FOLDER`: one flow as decision, trajectory, deltas and manifest."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.bundle import NoFlow, bundle
from ledger.exits import DONE, Parser, dfid_of, ended, not_so


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 written, 1 no such flow, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger bundle", description=__doc__)
    parser.add_argument("dfid", help="32 hex digits, with or without dashes")
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _bundle(parsed))


def _bundle(parsed: argparse.Namespace) -> int:
    dfid = dfid_of(parsed.dfid)
    for path in archives(parsed.place):
        with path.open("rb") as file:
            try:
                files = bundle(read_archive(file), dfid)
            except NoFlow:
                continue
        parsed.output.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (parsed.output / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{parsed.output}: {', '.join(files)}\n")
        return DONE
    return not_so(f"no flow {parsed.dfid} in {parsed.place}")
