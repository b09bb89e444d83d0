"""`python -m ledger diff A B`: the first entry in which two ledgers differ, field by field."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.differing import Parting, parting
from ledger.exits import DONE, NOT_SO, Parser, ended
from ledger.findings import shown


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 the same, 1 different, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger diff", description=__doc__)
    parser.add_argument("first", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("second", type=Path)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _diff(parsed))


def _diff(parsed: argparse.Namespace) -> int:
    firsts, seconds = archives(parsed.first), archives(parsed.second)
    if not firsts or len(firsts) != len(seconds):
        raise ValueError("two ledgers of as many partitions, one archive each")
    found = []
    for one, two in zip(firsts, seconds, strict=True):
        with one.open("rb") as left, two.open("rb") as right:
            found.append((one.name, parting(read_archive(left), read_archive(right))))
    if parsed.json:
        told = {name: None if each is None else asdict(each) for name, each in found}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    else:
        sys.stdout.write("".join(as_text(name, each) for name, each in found))
    return NOT_SO if any(each is not None for _, each in found) else DONE


def as_text(name: str, found: Parting | None) -> str:
    """Return what is said to people of one partition."""
    if found is None:
        return f"{shown(name)}: the same, entry for entry\n"
    lines = [f"{name}: the first difference is entry {found.seq}, {found.first} against {found.second}"]
    lines += [f"  {each.path}: {each.first} against {each.second}" for each in found.fields]
    return "".join(f"{shown(line)}\n" for line in lines)
