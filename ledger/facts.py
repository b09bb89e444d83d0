"""What entries prove together is told as facts under a key; each key's facts are judged in order of entries.

A fact: its key, its place (source, entries before), the entry's seq, what it is, and what belongs to that.
So the order in which facts are told does not matter, and beyond a bound they go to files by key (`spill.py`).
"""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ledger.findings import Code, Findings
from ledger.tag import sha256

HELD_MAX = 20_000  # facts in memory; some 20 MB

Fact = tuple[Any, ...]
Told = tuple[tuple[int, int], int, Code, Any, Any]  # place, seq, code, expected, found
End = tuple[str, int, int, bool]  # of a source: its name, its last time (micros UTC), entries, closed


class Facts:
    """The facts of all sources: those held here, and the rest in files that `spilled` keeps."""

    def __init__(self, spilled: Any = None) -> None:
        self.held: list[Fact] = []
        self.spilled = spilled

    def tell(self, key: bytes, *fact: Any) -> None:
        """Keep one fact; anything that `marshal` writes may be in it."""
        self.held.append((key, *fact))
        if len(self.held) >= HELD_MAX:
            self.spilled = self.spilled or importlib.import_module("ledger.spill").Spilled()
            self.spilled.take(self.held)

    def settle(self, ends: Sequence[End], findings: Findings, run: Callable[..., Any] = map) -> None:
        """Judge all facts; what is wrong goes to `findings`, in order of entries. run: `map` or its like."""
        if self.spilled is not None:
            self.spilled.take(self.held)
            self.spilled.settle(ends, findings, run)
        for place, *one in sorted(joined(self.held, ends), key=lambda t: (t[0], t[2].value, str(t[3:]))):
            findings.add(ends[place[0]][0], *one)


def joined(facts: Iterable[Fact], ends: Sequence[End]) -> Iterator[Told]:
    """Judge the facts of some keys in order of their entries; yield what is wrong."""
    flows, orders, owed, steps = dict[Any, Any](), dict[Any, Any](), dict[Any, Any](), set[bytes]()
    for key, place, seq, what, *rest in sorted(facts, key=lambda fact: fact[1]):
        own = (place[0], key)
        match what:
            case "FLOW":
                flows[own] = rest
            case "JUDGED":
                yield from _judged(flows.get(own), place, seq, key, *rest)
            case "STEP" if key in steps:
                yield place, seq, Code.STEP_TWICE, "one acceptance of a step", f"{rest[0]} again"
            case "STEP":
                steps.add(key)
            case "ORDER":
                orders[own] = rest[0]
                owed[own] = (place, seq, rest[1])
            case "RECEIPT" if own not in orders:
                yield place, seq, Code.RECEIPT_ORPHAN, "an accepted order before", key
            case "RECEIPT" if rest[0] in orders[own]:
                owed.pop(own, None)
    for (source, key), (place, seq, due) in owed.items():
        _, now, size, closed = ends[source]
        if due is not None and (closed or now > due):
            wanted = f"a final receipt of {key.hex()}"
            yield place, seq, Code.RECEIPT_MISSING, wanted, f"none up to {size - 1}"


def _judged(
    flow: Any, place: tuple[int, int], seq: int, key: bytes, dfid: bytes, account: str, *proven: Any
) -> Iterator[Told]:
    """Hold a ruling against the flow it names, and an intent's proof against that flow's own hashes."""
    if flow is None or flow[:2] != [dfid, account]:
        yield place, seq, Code.FLOW_MISSING, "its own FLOW entry before", key
    elif proven:
        (h_state, rules, contracts), (state_hash, agent, evidence) = flow[2:], proven
        if state_hash != h_state:
            yield place, seq, Code.STATE_MISMATCH, h_state, state_hash
        expected = sha256(dfid + h_state + contracts.get(agent, b"") + rules)
        if evidence is not None and evidence != expected:
            yield place, seq, Code.EVIDENCE_MISMATCH, expected, evidence or "none"
