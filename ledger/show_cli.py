"""`python -m ledger show DFID PLACE`: the six answers about one flow, from the entries alone."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.exits import DONE, Parser, dfid_of, ended, not_so
from ledger.six import six
from ledger.six_text import as_text


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 shown, 1 no such flow, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger show", description=__doc__)
    parser.add_argument("dfid", help="32 hex digits, with or without dashes")
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _show(parsed))


def _show(parsed: argparse.Namespace) -> int:
    dfid = dfid_of(parsed.dfid)
    for path in archives(parsed.place):
        with path.open("rb") as file:
            told = six(read_archive(file), dfid)
        if told.found():
            shown = {"dfid": dfid.hex(), **told.answers}
            sys.stdout.write(json.dumps(shown, indent=1) + "\n" if parsed.json else as_text(told))
            return DONE
    return not_so(f"no flow {parsed.dfid} in {parsed.place}")
