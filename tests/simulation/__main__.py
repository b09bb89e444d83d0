"""`make simulate SEEDS=3000`, `SEED=17` or `BUGS=200`: many seeds, one of them again, or the proof."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import TypeVar

from tests.simulation.bugs import BUGS, planted
from tests.simulation.campaign import Report, run
from tests.simulation.tables import Totals, proof, told

T = TypeVar("T")
REGRESSIONS = Path(__file__).with_name("regressions.txt")


def timed(seed: int) -> tuple[Report, float]:
    """A seed's report and how long it took, in seconds."""
    before = time.perf_counter()
    return run(seed), time.perf_counter() - before


def bugged(asked: tuple[str, int]) -> tuple[str, Report]:
    """A seed's report with a bug planted."""
    name, seed = asked
    with planted(name):
        return name, run(seed)


def regressions() -> list[int]:
    """Seeds that broke a law once."""
    lines = REGRESSIONS.read_text(encoding="utf-8").splitlines()
    return [int(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def keep(report: Report) -> None:
    """Add a failing seed to the list that every check runs first."""
    if report.seed not in regressions():
        with REGRESSIONS.open("a", encoding="utf-8") as out:
            out.write(f"{report.seed}  # {report.mode}: {report.broken}\n")


def campaign(first: int, count: int, processes: int, table: Path | None = None) -> int:
    """Run the seeds, print the tables; 1 when a law broke. ``table``: written anew every hundred seeds."""
    totals, began = Totals(), time.perf_counter()
    for report, seconds in _many(range(first, first + count), processes):
        totals.add(report, seconds)
        if report.broken:
            print(told(report), flush=True)
            keep(report)
        done = sum(totals.seeds.values())
        if table is not None and done % 100 == 0:
            table.write_text(
                "\n".join(totals.lines()) + f"\n\n{len(totals.broken)} broken\n", encoding="utf-8"
            )
        if done % 500 == 0:
            print(
                f"{done} seeds, {time.perf_counter() - began:.0f} s, {len(totals.broken)} broken", flush=True
            )
    print("\n".join(totals.lines()))
    print(f"\n{len(totals.broken)} broken; {time.perf_counter() - began:.0f} s on {processes} processes")
    return 1 if totals.broken else 0


def _many(seeds: range, processes: int) -> Iterator[tuple[Report, float]]:
    if processes == 1:
        yield from map(timed, seeds)
        return
    with Pool(processes, maxtasksperchild=200) as pool:
        yield from _each(pool.imap_unordered(timed, seeds, chunksize=4), len(seeds))


def _each(found: Iterator[T], count: int) -> Iterator[T]:
    """All of them: a StopIteration out of a worker would end a loop quietly, here it is a RuntimeError."""
    for _ in range(count):
        yield next(found)


def bugs(count: int, processes: int) -> int:
    """Plant each bug in so many seeds; 1 when one is caught in none."""
    caught: dict[str, Counter[str]] = {name: Counter() for name in BUGS}
    asked = [(name, seed) for name in BUGS for seed in range(count)]
    with Pool(processes, maxtasksperchild=200) as pool:
        for name, report in _each(pool.imap_unordered(bugged, asked, chunksize=4), len(asked)):
            if report.broken:
                caught[name][report.broken] += 1
    rows = [(name, count, sum(laws.values()), laws) for name, laws in caught.items()]
    print("\n".join(proof(rows)))
    return 0 if all(caught.values()) else 1


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--bugs", type=int, help="plant each bug in so many seeds")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--table", type=Path, help="where the tables of a long campaign grow")
    told_ = parser.parse_args()
    if told_.bugs is not None:
        return bugs(told_.bugs, told_.processes)
    if told_.seed is not None:
        return campaign(told_.seed, 1, 1)
    return campaign(told_.first, told_.seeds, told_.processes, told_.table)


if __name__ == "__main__":
    sys.exit(main())
