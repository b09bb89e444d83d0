"""`python -m ledger check-fork FILE --trust FILE`: whether one log's key has told two histories."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.exits import USAGE, Parser
from ledger.findings import shown
from ledger.fork import BadFork, check_fork, parse_fork
from ledger.trust import BadTrust, parse_trust

FORKED, NOT_PROVEN = 1, 2


def main(arguments: Sequence[str]) -> int:
    """Run the command: 1 the fork is proven, 2 the file proves none, 64 usage; there is no 0."""
    parser = Parser(prog="python -m ledger check-fork", description=__doc__)
    parser.add_argument("file", type=Path, help="a fork proof")
    parser.add_argument("--trust", type=Path, required=True, help="the trust file")
    parsed = parser.parse_args(arguments)
    try:
        trust = parse_trust(parsed.trust.read_text(encoding="utf-8"))
        text = parsed.file.read_text(encoding="utf-8")
    except (OSError, BadTrust, UnicodeDecodeError) as error:
        sys.stderr.write(f"cannot start: {shown(error)}\n")
        return USAGE
    try:
        one, two = check_fork(parse_fork(text), trust)
    except BadFork as error:
        sys.stdout.write(f"not proven: {shown(error)}\n")
        return NOT_PROVEN
    lines = (
        f"{one.origin}: two histories of {one.size} entries",
        f"  {one.root.hex()}",
        f"  {two.root.hex()}",
    )
    sys.stdout.write("".join(f"{shown(line)}\n" for line in lines))
    return FORKED
