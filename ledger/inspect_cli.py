"""`python -m ledger inspect PLACE`: every entry as a line of JSON, envelopes opened; nothing is verified."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.entry import decode_entry
from ledger.exits import DONE, Parser, ended
from ledger.plain_body import plain_entry
from ledger.shapes import Shapes
from schemas.kind_table import EntryKind


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 shown to the end, 3 unreadable from the entry named on, 64 usage."""
    parser = Parser(prog="python -m ledger inspect", description=__doc__)
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first sequence shown")
    parser.add_argument("--to", dest="last", type=int, help="the last sequence shown")
    parser.add_argument("--kind", choices=[each.name for each in EntryKind], action="append")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _inspect(parsed))


def _inspect(parsed: argparse.Namespace) -> int:
    for path in archives(parsed.place):
        with path.open("rb") as file:
            shapes = Shapes()
            for value in read_archive(file):
                shown = plain_entry(decode_entry(value), shapes)
                if parsed.last is not None and shown["seq"] > parsed.last:
                    break
                if shown["seq"] >= parsed.first and (not parsed.kind or shown["kind"] in parsed.kind):
                    sys.stdout.write(json.dumps(shown) + "\n")
    return DONE
