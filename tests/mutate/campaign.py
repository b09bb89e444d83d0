"""A campaign: weave, run every test once whole, then every mutant against the tests that reach it."""

from __future__ import annotations

import gc
import os
import random
import re
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from _pytest.tmpdir import tmppath_result_key

from tests.mutate import switch
from tests.mutate.equivalent import listed
from tests.mutate.weave import ROOT, Finder, Mutant, Woven, remade

FILES = (
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "kernel" / "gates").glob("*.py")),
    *(f"kernel/{name}.py" for name in ("table", "judge", "case", "orders", "outcome", "folds/receipts")),
    *(f"rules/{name}.py" for name in ("checker", "breakers", "drift", "resolve", "orders", "arbitration",
                                      "inherit")),
)  # fmt: skip
# Named tests, each of which says what was lost; the laws over random histories are slow and say less.
TESTS = (
    "tests/unit/test_kernel_*.py", "tests/unit/test_rules_*.py", "tests/unit/test_arbiter.py",
    "tests/laws/test_every_*.py", "tests/laws/test_rules_laws.py",
)  # fmt: skip
FIRST = re.compile(r"test_(kernel_edges_|rules_(edges|inherit)|every_cell)")  # quick, and near what is broken
PATIENCE_S = 60  # a mutant that takes longer is stuck, and that is noticed too
FIRST_S, THEN_S = 0.5, 8.0  # of tests that a mutant is shown, likeliest first; `--quick` ends after the first
STUCK = "stuck: it never ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to run."""

    sample: int
    seed: int
    only: str
    jobs: int
    table: str
    quick: bool


@dataclass(slots=True)
class Reached:
    """What the tests came by when nothing was broken."""

    seconds: dict[str, float] = field(default_factory=dict)
    by: dict[int, list[str]] = field(default_factory=dict)  # place -> tests


class Campaign:
    """Runs inside pytest, as the loop in place of its own."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.woven = Woven()
        self.reached = Reached()
        self.items: dict[str, Any] = {}
        self.killed: dict[int, str] = {}
        self.kills: dict[str, Counter[str]] = {}
        self.budget_s = FIRST_S
        self.failed = 1

    def run(self) -> int:
        """Collect under the weaver, then hand the loop to this object."""
        present = [file for file in FILES if (ROOT / file).exists()]
        already = [name for name in sys.modules if name.startswith(("kernel", "rules"))]
        assert not already, already
        sys.meta_path.insert(0, Finder(present, self.woven))
        paths = sorted(str(path) for pattern in TESTS for path in ROOT.glob(pattern))
        said = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not broker",
                "--no-header", "-o", "addopts=", *paths]  # fmt: skip
        pytest.main(said, plugins=[self])
        return self.failed

    def pytest_configure(self, config: Any) -> None:
        """The same examples every time, and no shrinking: that it fails is all we ask."""
        from hypothesis import HealthCheck, Phase, settings

        settings.register_profile(
            "mutate", derandomize=True, database=None, deadline=None,
            phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        settings.load_profile("mutate")

    def pytest_runtestloop(self, session: Any) -> bool:
        """The campaign in place of pytest's loop."""
        self.items = {item.nodeid: item for item in session.items}
        mutants = self._chosen()
        started = time.monotonic()
        say(f"{len(mutants)} of {len(self.woven.mutants)} mutants in {len(FILES)} files")
        gc.disable()
        first = [item for item in session.items if FIRST.search(item.nodeid)]
        proofs = listed()
        for items in (first, [item for item in session.items if item not in first]):
            left = [each for each in mutants if each.number not in self.killed]
            if items is not first:
                self.budget_s = THEN_S
                if self.wanted.quick:
                    break
            if all(each.key in proofs for each in left) and items is not first:
                break  # what is left cannot be killed, so nobody needs to try
            if items is first or not self.wanted.sample:
                self._whole(items)
            gc.freeze()  # what a child touches is copied, and a collection touches everything
            say(f"{len(items)} tests, {time.monotonic() - started:.0f} s; {len(left)} mutants")
            self._all(left, set(self.reached.seconds) | {item.nodeid for item in items})
            for each in left:
                if each.number not in self.killed and each.key not in proofs:
                    say(f"not yet: {each.key}")
        self.failed = self._told(mutants, time.monotonic() - started)
        return True

    def _chosen(self) -> list[Mutant]:
        found = [each for each in self.woven.mutants if self.wanted.only in each.key]
        found.sort(key=lambda each: (FILES.index(each.file), each.number))
        if self.wanted.sample:
            found = random.Random(self.wanted.seed).sample(found, min(self.wanted.sample, len(found)))
        return found

    def _whole(self, items: Sequence[Any]) -> None:
        for item in items:
            forget()
            switch.seen.clear()
            began = time.process_time()
            if not passes(item):
                say(f"{item.nodeid} fails with nothing broken")
                os._exit(2)
            self.reached.seconds[item.nodeid] = time.process_time() - began
            for place in switch.seen:
                self.reached.by.setdefault(place, []).append(item.nodeid)

    def tests_for(self, mutant: Mutant) -> list[str]:
        """Those that reach it: the neighbours' killers first, then by time."""
        own: Counter[str] = Counter()  # tests that name the constant themselves
        if mutant.tree is None:
            names = set(self.reached.by.get(mutant.number, ()))
        else:
            readers = {fid for name in mutant.names for fid in self.woven.readers.get(name, ())}
            names = {test for fid in readers for test in self.reached.by.get(fid, ())} or set(
                self.reached.seconds
            )
            told = {
                name
                for name, item in self.items.items()
                if name in self.reached.seconds and set(mutant.names) & set(vars(item.module))
            }
            own.update(dict.fromkeys(told, 1))
            names |= told
        near = self.kills.get(f"{mutant.file} {mutant.where}", Counter())
        file = self.kills.get(mutant.file, Counter())
        ranked = sorted(
            names, key=lambda name: (-own[name], -near[name], -file[name], self.reached.seconds[name])
        )
        sums = accumulate(self.reached.seconds[name] for name in ranked)
        return [name for name, seconds in zip(ranked, sums, strict=True) if seconds < self.budget_s]

    def _all(self, mutants: list[Mutant], among: set[str]) -> None:
        """At most ``jobs`` children at a time; each writes the name of the killer, or nothing."""
        waiting = list(reversed(mutants))
        running: dict[int, tuple[Mutant, int, float]] = {}  # pipe -> mutant, process, deadline
        done = 0
        while waiting or running:
            while waiting and len(running) < self.wanted.jobs:
                mutant = waiting.pop()
                pipe, child = self._fork(mutant, among)
                running[pipe] = (mutant, child, time.monotonic() + PATIENCE_S)
            ready, _, _ = select.select(list(running), [], [], 1)
            for pipe in [*ready, *(each for each, (_, _, end) in running.items() if end < time.monotonic())]:
                if pipe not in running:
                    continue
                mutant, child, _ = running.pop(pipe)
                killer = os.read(pipe, 4096).decode() if pipe in ready else STUCK
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                os.close(pipe)
                done += 1
                self._note(mutant, killer)
                if done % 200 == 0:
                    say(f"{done} of {len(mutants)}, {len(self.killed)} killed")

    def _note(self, mutant: Mutant, killer: str) -> None:
        if not killer:
            return
        self.killed[mutant.number] = killer
        for place in (f"{mutant.file} {mutant.where}", mutant.file):
            self.kills.setdefault(place, Counter())[killer] += 1

    def _fork(self, mutant: Mutant, among: set[str]) -> tuple[int, int]:
        tests = [name for name in self.tests_for(mutant) if name in among]
        if not among <= self.reached.seconds.keys():
            # A sample's few survivors are shown the rest without a run to see what each test comes by.
            stem = Path(mutant.file).stem
            near = ("test_every_reason", "test_kernel_gates", "test_kernel_flows", "test_kernel_mandates")
            tests = sorted(among, key=lambda name: (stem not in name, not any(each in name for each in near)))
        out, into = os.pipe()
        child = os.fork()
        if child:
            os.close(into)
            return out, child
        killer = "it crashed the run"
        try:
            killer = self._shown(mutant, tests)
        finally:
            os.write(into, killer.encode())
            os._exit(0)

    def _shown(self, mutant: Mutant, tests: Sequence[str]) -> str:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        forget()
        if mutant.tree is None:
            switch.active = mutant.number
        else:
            try:
                remade(mutant)
            except Exception as error:  # a module that cannot be loaded is noticed by everybody
                return f"the module does not load: {type(error).__name__}"
        for name in tests:
            if not passes(self.items[name]):
                return name
        return ""

    def _told(self, mutants: Sequence[Mutant], seconds: float) -> int:
        proofs = listed()
        keys = {each.key for each in self.woven.mutants}
        survived = [each for each in mutants if each.number not in self.killed and each.key not in proofs]
        # A busy machine makes anything slow, so being stuck says nothing against a proof.
        by_a_test = {number for number, killer in self.killed.items() if killer != STUCK}
        revived = [each for each in mutants if each.number in by_a_test and each.key in proofs]
        gone = [key for key in proofs if key not in keys]
        rows = [self._row(each, proofs) for each in mutants]
        if self.wanted.table:
            Path(self.wanted.table).write_text("\n".join(rows) + "\n", encoding="utf-8")
        for each in survived:
            say(f"SURVIVED {each.file}:{each.line} {each.key}")
        for each in revived:
            say(f"LISTED AS EQUIVALENT, BUT KILLED by {self.killed[each.number]}: {each.key}")
        for key in gone:
            say(f"LISTED, BUT NO SUCH MUTANT: {key}")
        self._by_file(mutants, proofs)
        say(f"{len(mutants)} mutants: {len(self.killed)} killed, {len(survived)} survived,"
            f" {len(mutants) - len(self.killed) - len(survived)} equivalent; {seconds:.0f} s")  # fmt: skip
        return 1 if survived or revived or gone else 0

    def _row(self, mutant: Mutant, proofs: dict[str, str]) -> str:
        killer = self.killed.get(mutant.number)
        fate = f"killed by {killer}" if killer else f"equivalent: {proofs[mutant.key]}" if (
            mutant.key in proofs) else "SURVIVED"  # fmt: skip
        return f"{mutant.file}:{mutant.line} | {mutant.where}: {mutant.before} -> {mutant.after} | {fate}"

    def _by_file(self, mutants: Sequence[Mutant], proofs: dict[str, str]) -> None:
        for file in sorted({each.file for each in mutants}):
            here = [each for each in mutants if each.file == file]
            killed = sum(each.number in self.killed for each in here)
            same = sum(each.number not in self.killed and each.key in proofs for each in here)
            say(f"{file:32} {len(here):5} mutants {killed:5} killed {same:4} equivalent"
                f" {len(here) - killed - same:4} survived")  # fmt: skip


def forget() -> None:
    """Empty every cache of the law: what was worked out whole must be worked out again."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith(("kernel.", "rules.")):
            for each in list(vars(module).values()):
                if callable(getattr(each, "cache_clear", None)):
                    each.cache_clear()


def passes(item: Any) -> bool:
    """Run a test without pytest's report of it: of thousands that fail nobody reads one."""
    item._initrequest()
    state = item.session._setupstate
    item.stash[tmppath_result_key] = {"call": True}  # what pytest's own report would have left for tmp_path
    try:
        state.setup(item)
        item.runtest()
    except pytest.skip.Exception:
        return True
    except BaseException:  # whatever a broken law raises
        return False
    finally:
        state.teardown_exact(None)
    return True


def say(line: str) -> None:
    """A line for the reader, past whatever pytest does with the output."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
