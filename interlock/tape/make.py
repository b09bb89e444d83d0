"""Makes the shipped market day from Lean's files: `python -m interlock.tape.make FOLDER`.

FOLDER is coinbase/minute of the Lean repository's crypto data, with btcusd and ethusd in it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from interlock.tape import lean, shipped

DATE = "20170904"
INSTRUMENTS = {"btcusd": "btc-usd", "ethusd": "eth-usd"}


def main(arguments: Sequence[str]) -> int:
    """Write the tape; the same files give the same bytes."""
    if len(arguments) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    groups = [
        group
        for folder, instrument in INSTRUMENTS.items()
        for group in lean.day(Path(arguments[0]) / folder, DATE, instrument)
    ]
    groups.sort(key=lambda group: (group.at, group.instrument))
    shipped.write(shipped.SHIPPED, groups)
    sys.stderr.write(f"{len(groups)} groups in {shipped.SHIPPED.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
