"""N records in batches, on as many processes as wanted; what fails is made small, printed and kept."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.arena import Arena
from tests.fuzz.makers import Raw

KEPT = Path(__file__).with_name("regressions")
BATCH = 2_000  # records a world: enough for a history, few enough to be made small again
BODIES_EVERY = 25  # batches whose every body the verifier reads, not the structure alone


@dataclass(frozen=True, slots=True)
class Failed:
    """A batch that crashed or lost a record, made small."""

    seed: int
    error: str
    steps: list[list[Raw]]


def batch(job: tuple[int, int]) -> tuple[Counter[str], Failed | None]:
    """Run one batch: (seed, records)."""
    seed, count = job
    arena = Arena(seed, bodies=seed % BODIES_EVERY == 0)
    steps: list[list[Raw]] = []
    # Making them may break too: a StopIteration that left here would end the whole campaign quietly.
    error = failure(lambda: steps.extend(arena.made(count))) or failure(lambda: arena.fed(steps))
    if error is None:
        return arena.counts, None
    return arena.counts, Failed(seed, error, small(seed, steps, error))


def failure(act: Callable[[], None]) -> str | None:
    """What went wrong, with the place; None when nothing did."""
    try:
        act()
    except Exception:  # whatever it is, it is what is looked for
        return "".join(traceback.format_exc().splitlines(keepends=True)[-6:])
    return None


def small(seed: int, steps: list[list[Raw]], error: str) -> list[list[Raw]]:
    """Fewer records that fail with the same last line: halves are left out while it goes on failing."""
    wanted = error.strip().splitlines()[-1].split(":")[0]

    def fails(tried: Sequence[Sequence[Raw]]) -> bool:
        said = failure(lambda: Arena(seed).fed(tried))
        return said is not None and wanted in said.strip().splitlines()[-1]

    flat = [(number, raw) for number, raws in enumerate(steps) for raw in raws]
    size = len(flat) // 2
    ends = time.monotonic() + 120
    while size and time.monotonic() < ends:
        for start in range(0, len(flat), size):
            tried = flat[:start] + flat[start + size :]
            if tried and fails(stepped(tried, len(steps))):
                flat = tried
                break
        else:
            size //= 2
    return stepped(flat, len(steps))


def stepped(flat: Sequence[tuple[int, Raw]], count: int) -> list[list[Raw]]:
    """Records in their steps again; empty steps stay, so that time goes on as it did."""
    return [[raw for number, raw in flat if number == each] for each in range(count)]


def run(count: int, seed: int, jobs: int) -> int:
    """Feed ``count`` records; 0 when every one of them came out as something."""
    started, counts, done = time.monotonic(), Counter[str](), 0
    sizes = [min(BATCH, count - done) for done in range(0, count, BATCH)]
    work = [(seed + number, size) for number, size in enumerate(sizes)]
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for done, (found, failed) in enumerate(pool.imap_unordered(batch, work), start=1):
            counts += found
            if failed is not None:
                pool.terminate()
                return told(failed)
            if done % 50 == 0:
                say(f"{done * BATCH} records, {time.monotonic() - started:.0f} s")
    for name, number in sorted(counts.items()):
        say(f"{number:9}  {name}")
    seconds = time.monotonic() - started
    whole = counts.total() == count
    end = "0 crashes, 0 lost" if whole else f"NOT WHOLE: {done} of {len(work)} batches came back"
    say(f"{count} records, seed {seed}: {counts.total()} outcomes, {end}; {seconds:.0f} s")
    return 0 if whole else 1


def told(failed: Failed) -> int:
    """Print what failed and keep it."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"seed-{failed.seed}.json"
    path.write_text(
        json.dumps(
            {
                "seed": failed.seed,
                "error": failed.error.splitlines()[-1],
                "steps": [
                    [
                        [raw.topic, raw.key.hex(), None if raw.value is None else raw.value.hex()]
                        for raw in raws
                    ]
                    for raws in failed.steps
                ],
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    say(f"FAILED with seed {failed.seed}; {sum(map(len, failed.steps))} records kept in {path.name}")
    say(failed.error)
    return 1


def kept() -> list[Path]:
    """What once failed."""
    return sorted(KEPT.glob("*.json"))


def again(path: Path) -> None:
    """Feed what once failed; raises what it raises."""
    found = json.loads(path.read_text(encoding="utf-8"))
    Arena(found["seed"]).fed([[raw(*each) for each in raws] for raws in found["steps"]])


def raw(topic: str, key: str, value: str | None) -> Raw:
    """A record as it is kept."""
    return Raw(topic, bytes.fromhex(key), None if value is None else bytes.fromhex(value))


def say(line: str) -> None:
    """A line for the reader."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
