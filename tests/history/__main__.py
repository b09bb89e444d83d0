"""`python -m tests.history N [--processes 2] [--seed 0]`: a campaign, and how often what was reached."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from schemas.reasons import Reason
from tests.history.campaign import campaign


def main():
    words = argparse.ArgumentParser(prog="python -m tests.history", description=__doc__)
    words.add_argument("histories", type=int)
    words.add_argument("--processes", type=int, default=2)
    words.add_argument("--seed", type=int, default=0, help="the first seed; each process takes every n-th")
    told = words.parse_args()
    share = -(-told.histories // told.processes)
    tally, failures, seconds = Counter(), [], 0.0
    with ProcessPoolExecutor(told.processes) as pool:
        jobs = [pool.submit(campaign, told.seed + n, share, told.processes) for n in range(told.processes)]
        for job in jobs:
            took, reached, failed = job.result()
            seconds, tally = max(seconds, took), tally + reached
            failures += failed
    for name in sorted(tally):
        print(f"{tally[name]:>9} {name}")
    never = [x.name for x in Reason if x is not Reason.NONE and not tally[f"reason {x.name}"]]
    print(f"reasons never reached as a verdict: {', '.join(never) or 'none'}")
    for seed, text in failures:
        print(f"\nseed {seed}: {text}")
    print(f"{tally['history']} histories, {tally['step']} steps, {len(failures)} failures, {seconds:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
