"""Facts too many for memory lie in temporary files by the first byte of their key, and are joined by file.

Of 10 M entries each of the files is joined in some 30 MB. Several processes may put theirs into one folder.
"""

import marshal
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.facts import End, Fact, Told, joined
from ledger.findings import FINDINGS_PER_CODE_MAX, Findings

BUCKETS = 256


class Spilled:
    """A folder of facts: a temporary one of its own, or one that is shared."""

    def __init__(self, shared: Path | None = None) -> None:
        self._own = None if shared else TemporaryDirectory(prefix="ledger-verify-")
        self.folder = shared or Path(self._own.name if self._own else "")

    def take(self, facts: list[Fact]) -> None:
        """Write facts to their files and empty the list; each process has files of its own."""
        buckets = defaultdict(list)
        for fact in facts:
            buckets[fact[0][0]].append(fact)
        for number, some in buckets.items():
            with (self.folder / f"{number}.{os.getpid()}").open("ab") as file:
                marshal.dump(some, file)
        facts.clear()

    def settle(self, ends: Sequence[End], findings: Findings, run: Callable[..., Any]) -> None:
        """Judge all facts, bucket by bucket; what is wrong goes to `findings` in order of entries."""
        kept, counts = list[Told](), Counter[str]()
        for some, count in run(partial(_bucket, self.folder, ends), range(BUCKETS)):
            kept, counts = _first([*kept, *some])[0], counts + count
        for place, *one in kept:
            findings.add(ends[place[0]][0], *one)
        findings.counts.update(counts - Counter(each[2].name for each in kept))


def _bucket(folder: Path, ends: Sequence[End], number: int) -> tuple[list[Told], Counter[str]]:
    found: list[Fact] = []
    for path in folder.glob(f"{number}.*"):
        with path.open("rb") as file:
            while file.peek(1):
                found += marshal.load(file)
    return _first(joined(found, ends))


def _first(told: Iterable[Told]) -> tuple[list[Told], Counter[str]]:
    """Return, in order of entries, as many of each code as a report keeps, and how many there were."""
    kept, counts = list[Told](), Counter[str]()
    for one in sorted(told, key=lambda each: (each[0], each[2].value, str(each[3:]))):
        counts[one[2].name] += 1
        if counts[one[2].name] <= FINDINGS_PER_CODE_MAX:
            kept.append(one)
    return kept, counts
