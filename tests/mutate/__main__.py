"""`python -m tests.mutate`: every mutant in its own forked process, until a test fails.

Each test is run once with nothing broken; what it came by is remembered, so that a mutant is shown only to
tests that reach it: first those that killed its neighbours, then the quick ones.
"""

from __future__ import annotations

import argparse
import sys

from tests.mutate.campaign import Campaign, Wanted


def main() -> int:
    """Exit 0 when every mutant was killed or is listed as equivalent, and no listed one was killed."""
    said = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    said.add_argument("--sample", type=int, default=0, help="only so many mutants, drawn by --seed")
    said.add_argument("--seed", type=int, default=4)
    said.add_argument("--only", default="", help="only mutants whose key has this in it")
    said.add_argument("--jobs", type=int, default=2)
    said.add_argument("--table", default="", help="write the table of all mutants to this file")
    said.add_argument("--quick", action="store_true", help="show a mutant only the likeliest of its tests")
    told = said.parse_args()
    wanted = Wanted(
        sample=told.sample, seed=told.seed, only=told.only, jobs=told.jobs, table=told.table, quick=told.quick
    )
    return Campaign(wanted).run()


if __name__ == "__main__":
    sys.exit(main())
