"""`python -m ledger check-growth FILE --trust FILE`: two notes and the hashes between them, nothing else."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.exits import DONE, Parser, ended, not_so
from ledger.findings import shown
from ledger.growth import BadGrowth, check_growth, parse_growth
from ledger.trust import parse_trust


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 it only grew, 1 not shown, 64 usage."""
    parser = Parser(prog="python -m ledger check-growth", description=__doc__)
    parser.add_argument("file", type=Path, help="a growth proof")
    parser.add_argument("--trust", type=Path, required=True, help="the trust file")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _check(parsed))


def _check(parsed: argparse.Namespace) -> int:
    trust = parse_trust(parsed.trust.read_text(encoding="utf-8"))
    try:
        old, new = check_growth(parse_growth(parsed.file.read_text(encoding="utf-8")), trust)
    except BadGrowth as error:
        return not_so(str(error))
    witnesses = ", ".join(sorted({*old.witnesses, *new.witnesses}))
    line = f"{new.point.origin}: {old.point.size} entries grew to {new.point.size}, by {witnesses}"
    sys.stdout.write(f"{shown(line)}\n")
    return DONE
