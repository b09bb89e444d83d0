"""`python -m tests.history N [--processes 2] [--seed 0]`: a campaign, and how often what was reached."""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from schemas.reasons import Reason
from tests.history.campaign import FAILURES_MAX, campaign

BATCH = 100  # histories a job: small enough that a long campaign tells how far it is
TOLD_EVERY = 1_000  # histories


def played(pool, first, histories):
    """Every batch as it ends, told as it goes: what was reached, and the failures in order of seed."""
    began, tally, failures, told = time.monotonic(), Counter(), [], TOLD_EVERY
    starts = range(first, first + histories, BATCH)
    jobs = [pool.submit(campaign, at, min(BATCH, first + histories - at)) for at in starts]
    for job in as_completed(jobs):
        _, reached, failed = job.result()
        tally, failures = tally + reached, sorted(failures + failed)
        for seed, text in failed:
            print(f"\nseed {seed}: {text}", flush=True)
        if len(failures) >= FAILURES_MAX:
            pool.shutdown(cancel_futures=True)
            break
        if tally["history"] >= told:
            print(f"{tally['history']} histories, {time.monotonic() - began:.0f} s", flush=True)
            told += TOLD_EVERY
    return tally, failures


def main():
    words = argparse.ArgumentParser(prog="python -m tests.history", description=__doc__)
    words.add_argument("histories", type=int)
    words.add_argument("--processes", type=int, default=2)
    words.add_argument("--seed", type=int, default=0, help="the first seed")
    told, began = words.parse_args(), time.monotonic()
    with ProcessPoolExecutor(told.processes) as pool:
        tally, failures = played(pool, told.seed, told.histories)
    for name in sorted(tally):
        print(f"{tally[name]:>9} {name}")
    never = [x.name for x in Reason if x is not Reason.NONE and not tally[f"reason {x.name}"]]
    print(f"reasons never reached as a verdict: {', '.join(never) or 'none'}")
    seconds = time.monotonic() - began
    print(f"{tally['history']} histories, {tally['step']} steps, {len(failures)} failures, {seconds:.0f} s")
    return 0 if tally["history"] == told.histories and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
