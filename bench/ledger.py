"""`python -m bench.ledger`: what verifying, proving, appending and replaying cost, beside what bounds them.

The ledger is made (`ledger_made`), so that any size is had; replay is measured on one that a kernel wrote.
Baselines come from the same run over the same bytes: hashlib for commitments, fastavro for decoding,
libsodium for signatures. On a shared machine only the ratios mean something.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import fastavro
from nacl.bindings import crypto_sign_open

from bench import ledger_made as made
from bench.ledger_parts import append, proofs, replayed, say, timed
from ledger.archive import MAGIC, read_archive
from ledger.entry import decode_entry
from ledger.resumed import Start
from ledger.shapes import Shapes
from ledger.verify_chunks import CHUNK_ENTRIES, Source, _idle, _processes
from schemas.kinds import EntryKind
from tests.build import signer

LEVELS = ("structure", "commit", "sign", "evidence")
SAMPLE = 20_000
REPLAYED = 1_500


# A process counts what its parent had in memory when it was forked; this one has next to nothing.
RUN = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)"""


def verified(path: Path, level: str, jobs: int, *more: object) -> tuple[float, float, int]:
    """Run the command; return seconds, CPU seconds and the largest process's MB. It must find all intact."""
    line = [sys.executable, "-m", "ledger", "verify", path, "--level", level, "--jobs", jobs, "--trust",
            path.with_suffix(".trust"), "--anchor", path.with_suffix(".note"), *more]  # fmt: skip
    run = [sys.executable, "-S", "-c", RUN, *map(str, line)]
    with timed() as took:
        code, cpu, memory = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    if int(code) != 0:
        raise SystemExit(f"not intact: exit {code}")
    return took[0], float(cpu), int(memory)


def baselines(path: Path) -> dict[str, float]:
    """Microseconds an entry of what nobody can go below in one process: hash, decode, a signature."""
    with path.open("rb") as file:
        values = [value for _, value in zip(range(SAMPLE), read_archive(file), strict=False)]
    with timed() as hashed:
        for value in values:
            sha256(value).digest()
    shapes, work = Shapes(), []
    for entry in map(decode_entry, values):
        form = shapes.get(entry.schema)
        assert form is not None
        work.append((entry.body, form.schema))
        if entry.kind == EntryKind.SCHEMA:
            body = form.read(entry.body)
            shapes.learn(body["name"], body["schema"])
    with timed() as decoded:
        for body, schema in work:
            fastavro.schemaless_reader(io.BytesIO(body), schema, None)
    key = signer("sovereign")
    signed = key.sign(values[-1]) + values[-1]
    with timed() as checked:
        for _ in range(2_000):
            crypto_sign_open(signed, key.public)
    each = {"hash": hashed[0] / len(values), "decode": decoded[0] / len(values), "sign": checked[0] / 2_000}
    return {name: seconds * 1e6 for name, seconds in each.items()}


def commitments(path: Path, jobs: int) -> float:
    """Seconds for all leaf hashes and the tree: the first pass of --jobs."""
    source = Source(path=path, start=Start(), place=0)
    with timed() as took, _processes(jobs, _idle) as run:
        source.survey(run, CHUNK_ENTRIES, lambda size: None)
    return took[0]


def levels(path: Path, count: int, jobs: int, base: dict[str, float]) -> None:
    """Each level's time, and how much of it is beyond the baselines that it rests on."""
    took, least = commitments(path, jobs), base["hash"]
    ratio = took * jobs / count * 1e6 / least
    say(f"{'commitments':>12} {jobs} jobs: {_per(took, count)}; {ratio:.1f} x hashlib in each")
    bounds = {"commit": base["decode"], "sign": base["decode"] + made.SIGNED_PER_ENTRY * base["sign"]}
    bounds["evidence"] = bounds["sign"]
    for level, now in [*((each, jobs) for each in LEVELS), ("evidence", 1)]:
        seconds, cpu, memory = verified(path, level, now)
        told = f"{_per(seconds, count)}; {cpu / count * 1e6:.0f} us CPU an entry"
        told += f", {cpu / count * 1e6 / bounds.get(level, least):.1f} x the baseline"
        say(f"{level:>12} {now} jobs: {told}; largest process {memory} MB")


def _per(seconds: float, count: int) -> str:
    return f"{seconds:8.2f} s, {seconds / count * 1e7:6.0f} s per 10 M"


def incremental(path: Path, jobs: int) -> None:
    """An audit of the last hundredth against one of everything, at level sign."""
    with path.open("rb") as file:
        values, at, cut, count, point = read_archive(file), len(MAGIC), 0, 0, b""
        total = path.stat().st_size
        for value in values:
            at, count = at + 4 + len(value), count + 1
            if at > total * 0.99:
                break
            if decode_entry(value).kind == EntryKind.CHECKPOINT:
                cut, point = at, value
    old = path.parent / "old" / path.name
    old.parent.mkdir(exist_ok=True)
    with path.open("rb") as source, old.open("wb") as target:
        while target.tell() < cut:
            target.write(source.read(min(1 << 24, cut - target.tell())))
    made.write_beside(old, point)
    receipt = path.with_suffix(".receipt")
    verified(old, "sign", jobs, "--receipt", receipt)
    old.unlink()
    whole, new = verified(path, "sign", jobs), verified(path, "sign", jobs, "--since", receipt)
    share = f"{100 * new[0] / whole[0]:.2f} % ({100 * new[1] / whole[1]:.2f} % of its CPU)"
    say(f"incremental audit of 1 %: {new[0]:.2f} s of {whole[0]:.2f} s, {share}")


def main() -> None:
    """Make the ledger, measure, tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="20,000 entries, a few seconds")
    parsed = parser.parse_args()
    entries = SAMPLE if parsed.quick else parsed.entries
    sizes = [entries] if parsed.quick else [entries // 10, entries]
    steps: list[Callable[[], None]] = [proofs, append, lambda: replayed(100 if parsed.quick else REPLAYED)]
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.ilk"
            with timed() as took:
                count = made.write(path, size, parsed.jobs)
            mean = path.stat().st_size / count
            told = f"{made.SIGNED_PER_ENTRY:.2f} signatures each, made in {took[0]:.0f} s"
            say(f"{count} entries of {mean:.0f} bytes, {told}")
            base = baselines(path)
            say("baselines, us: " + ", ".join(f"{name} {value:.1f}" for name, value in base.items()))
            levels(path, count, parsed.jobs, base)
            incremental(path, parsed.jobs)
            path.unlink()
    for step in steps:
        step()


if __name__ == "__main__":
    main()
