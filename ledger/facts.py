"""What entries prove together is told as facts under a key, kept in files by key, and joined key by key.

Nothing that grows with the ledger stays in memory, and the order in which facts were told does not matter:
every key's facts are put in order of their entries before they are judged.
"""

import marshal
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.findings import FINDINGS_PER_CODE_MAX, Code, Findings
from ledger.tag import sha256

HELD_MAX = 20_000  # facts in memory before they go to their files: some 20 MB
BUCKETS = 256  # by the first byte of the key; of 10 M entries each is joined in some 30 MB

Fact = tuple[
    Any, ...
]  # key, place of the entry (source, size before it), its seq, what, and what belongs to it
Told = tuple[tuple[int, int], int, str, Any, Any]  # place, seq, code, expected, found


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a source ended, for what must have happened by then. now: micros UTC; size: entries."""

    source: str
    now: int
    size: int
    closed: bool


@dataclass(slots=True)
class Facts:
    """The facts of all sources. folder: where several processes put theirs; a temporary one if None."""

    folder: Path | None = None
    _own: Any = None  # the temporary folder lives as long as this does
    _held: dict[int, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    _count: int = 0

    def tell(self, key: bytes, *fact: Any) -> None:
        """Keep one fact; anything that `marshal` writes may be in it."""
        self._held[key[0]].append((key, *fact))
        self._count += 1
        if self._count >= HELD_MAX:
            self.spill()

    def spill(self) -> None:
        """Write what is in memory to its files; each process has files of its own."""
        if self.folder is None:
            self._own = TemporaryDirectory(prefix="ledger-verify-")
            self.folder = Path(self._own.name)
        for bucket, facts in self._held.items():
            with (self.folder / f"{bucket}.{os.getpid()}").open("ab") as file:
                marshal.dump(facts, file)
        self._held.clear()
        self._count = 0

    def bucket(self, number: int) -> list[Fact]:
        """Return the facts of some keys, in order of their entries."""
        found = self._held.get(number, [])
        for path in sorted(self.folder.glob(f"{number}.*")) if self.folder else ():
            with path.open("rb") as file:
                while file.peek(1):
                    found = found + marshal.load(file)
        return sorted(found, key=lambda fact: fact[1])


def joined(facts: Sequence[Fact], ends: Sequence[End]) -> Iterator[Told]:
    """Judge the facts of some keys in order of their entries; yield what is wrong."""
    flows: dict[Any, Any] = {}
    orders: dict[Any, Any] = {}
    owed: dict[Any, Any] = {}
    steps = set()
    for key, place, seq, what, *rest in facts:
        own = (place[0], key)
        match what:
            case "FLOW":
                flows[own] = rest
            case "JUDGED":
                yield from _judged(flows.get(own), place, seq, key, *rest)
            case "STEP":
                if key in steps:
                    yield place, seq, "STEP_TWICE", "one acceptance of a step", f"{rest[0]} again"
                steps.add(key)
            case "ORDER":
                orders[own] = rest[0]
                if rest[1] is not None:
                    owed[own] = (place, seq, rest[1])
            case "RECEIPT":
                if own not in orders:
                    yield place, seq, "RECEIPT_ORPHAN", "an accepted order before", key
                elif rest[0] in orders[own]:
                    owed.pop(own, None)
    for (source, key), (place, seq, due) in owed.items():
        end = ends[source]
        if end.closed or end.now > due:
            wanted = f"a final receipt of {key.hex()}"
            yield place, seq, "RECEIPT_MISSING", wanted, f"none up to {end.size - 1}"


def _judged(
    flow: Any, place: tuple[int, int], seq: int, key: bytes, dfid: bytes, account: str, *proven: Any
) -> Iterator[Told]:
    """Hold a ruling against the flow it names, and an intent's proof against that flow's own hashes."""
    if flow is None or flow[:2] != [dfid, account]:
        yield place, seq, "FLOW_MISSING", "its own FLOW entry before", key
    elif proven:
        (h_state, rules, contracts), (state_hash, agent, evidence) = flow[2:], proven
        if state_hash != h_state:
            yield place, seq, "STATE_MISMATCH", h_state, state_hash
        expected = sha256(dfid + h_state + contracts.get(agent, b"") + rules)
        if evidence is not None and evidence != expected:
            yield place, seq, "EVIDENCE_MISMATCH", expected, evidence or "none"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The work of joining one bucket, which another process may do: what is wrong, and how many of each."""

    facts: Facts
    ends: Sequence[End]

    def __call__(self, number: int) -> tuple[list[Told], Counter[str]]:
        """Return the first findings of each code in order of their entries, and the count of all."""
        return first_of_each(joined(self.facts.bucket(number), self.ends))


def first_of_each(told: Any) -> tuple[list[Told], Counter[str]]:
    """Return, in order of entries, as many of each code as a report keeps, and how many there were."""
    kept, counts = list[Told](), Counter[str]()
    for one in sorted(told, key=lambda each: (each[0], each[2])):
        counts[one[2]] += 1
        if counts[one[2]] <= FINDINGS_PER_CODE_MAX:
            kept.append(one)
    return kept, counts


def settle(facts: Facts, ends: Sequence[End], findings: Findings, run: Callable[..., Any] = map) -> None:
    """Join all facts; what is wrong goes to `findings`, in order of entries. run: does what `map` does."""
    kept, counts = list[Told](), Counter[str]()
    for some, count in run(Bucket(facts, ends), range(BUCKETS)):
        kept, counts = first_of_each([*kept, *some])[0], counts + count
    for place, seq, code, expected, found in kept:
        findings.add(ends[place[0]].source, seq, Code[code], expected, found)
    findings.counts.update(counts - Counter(each[2] for each in kept))
