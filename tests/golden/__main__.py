"""`python -m tests.golden [--seeds N]`: the ledger of a law that has none, the richest of N histories."""

import argparse
import gzip
import io
import sys

from kernel.law import LAW
from ledger.archive import write_archive
from tests.golden import BYTES_MAX, FOLDER, digest, laws
from tests.golden.made import cosigned, holds, made, reached
from tests.history.compare import Disagreement


def main():
    words = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    words.add_argument("--seeds", type=int, default=24)
    told = words.parse_args()
    if LAW in laws():
        sys.stderr.write(f"law {LAW} has its ledger, which is never made again; a new law needs a new LAW\n")
        return 1
    best = max(filter(None, map(candidate, range(told.seeds))), default=None, key=lambda each: each[0])
    if best is None:
        sys.stderr.write(f"none of {told.seeds} histories ends in a ledger that holds: --seeds more\n")
        return 1
    _, values, packed = best
    (FOLDER / f"law-{LAW}.ilk.gz").write_bytes(packed)
    (FOLDER / f"law-{LAW}.note").write_text(cosigned(values), encoding="utf-8")
    for name, count in sorted(reached(values).items()):
        print(f"{count:>6} {name}")
    print(f"law-{LAW}.ilk.gz: {len(values)} entries, {len(packed)} bytes")
    print(f"add to RELEASED in tests/unit/test_golden.py: {digest(LAW)}")
    return 0


def candidate(seed):
    """How rich a history is, its entries and its file; None if it does not hold or is too large."""
    try:
        values = made(seed)
    except Disagreement:
        return None
    raw = io.BytesIO()
    write_archive(raw, values)
    packed = gzip.compress(raw.getvalue(), 9, mtime=0)
    if len(packed) > BYTES_MAX or not holds(values):
        return None
    return len(reached(values)), values, packed


if __name__ == "__main__":
    sys.exit(main())
