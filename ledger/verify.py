"""A ledger partition is read once, in order and in constant memory, and everything wrong with it is said.

`Partition` follows the chain and grows the tree; what the bodies say is checked by `Bodies` (verify_bodies),
who signed them by `Signatures` (verify_sign), what they prove together by `Evidence` (verify_evidence).
After a finding the reading goes on from what is there, so one edit does not hide the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.findings import Code, Findings
from ledger.ilk import Broken
from ledger.merkle import Frontier, leaf_hash
from ledger.shapes import Malformed, Shapes
from ledger.trust import Anchor, Trust
from ledger.verify_bodies import Bodies
from ledger.verify_evidence import Evidence
from ledger.verify_sign import Signatures
from schemas.kind_table import EntryKind


class Level(IntEnum):
    """How deep a verification looks; each level includes those before it."""

    STRUCTURE = 1
    COMMIT = 2
    SIGN = 3
    EVIDENCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all partitions of a ledger are verified with; a step is taken once across all of them."""

    level: Level
    findings: Findings
    anchors: Sequence[Anchor]
    trust: Trust | None
    steps: set[bytes] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Partition:
    """The verification of one partition.

    signed, anchored: the sizes that a checkpoint of the ledger's own, and notes of as many witnesses as the
    trust file asks for, vouch for; witnesses: up to where each of them has seen it.
    """

    source: str
    common: Common
    number: int = -1
    frontier: Frontier = field(default_factory=Frontier)
    signed: int = 0
    anchored: int = 0
    witnesses: dict[str, int] = field(default_factory=dict)
    bodies: Bodies = field(init=False)
    _prev: bytes = ZEROS
    _last: Leaf | None = None
    _closed: bool = False

    def read(self, values: Iterable[bytes]) -> None:
        """Verify all entries of the partition; findings go to `findings`."""
        say, shapes, sign = self._say, Shapes(), None
        if self.common.level >= Level.SIGN:
            sign = Signatures(say=say, trust=self.common.trust, shapes=shapes)
        evidence = Evidence(say=say, steps=self.common.steps) if self.common.level >= Level.EVIDENCE else None
        self.bodies = Bodies(say=say, shapes=shapes, sign=sign, evidence=evidence)
        try:
            for value in values:
                self._entry(value)
        except Broken as error:
            self._say(self.frontier.size, Code.ARCHIVE_BROKEN, "whole frames", error)
        self._anchor()
        self._end(evidence)

    def _say(self, seq: int, code: Code, expected: object, found: object) -> None:
        self.common.findings.add(self.source, seq, code, expected, found)

    def _entry(self, value: bytes) -> None:
        self._anchor()
        try:
            entry = decode_entry(value)
        except Malformed as error:
            self._say(self.frontier.size, Code.ENTRY_UNREADABLE, "an entry in its one spelling", error)
        else:
            self._follows(entry, self._last)
            if self.common.level >= Level.COMMIT:
                self.bodies.entry(entry)
                self._checkpoint(entry, self._last)
            self._last, self.number = entry, entry.partition
        self._prev = leaf_hash(value)
        self.frontier = self.frontier.append(self._prev)

    def _follows(self, entry: Leaf, last: Leaf | None) -> None:
        """The links that damage breaks at once: prev, sequence, ledger, partition, time, genesis, close."""
        genesis, after = entry.kind == EntryKind.GENESIS, self._closed and entry.kind != EntryKind.CHECKPOINT
        head = (entry.seq, entry.prev, genesis)
        links: list[tuple[Code, object, object]] = [(Code.HEAD_MISSING, (0, ZEROS, True), head)]
        if last is not None:
            links = [
                (Code.PREV_BROKEN, self._prev, entry.prev),
                (Code.SEQ_BROKEN, last.seq + 1, entry.seq),
                (Code.LEDGER_CHANGED, last.ledger, entry.ledger),
                (Code.PARTITION_CHANGED, last.partition, entry.partition),
                (Code.TIME_WENT_BACK, max(last.ts, entry.ts), entry.ts),
                (Code.GENESIS_MISPLACED, False, genesis),
                (Code.AFTER_CLOSE, False, after),
            ]
        for code, expected, found in links:
            if expected != found:
                self._say(self.frontier.size, code, expected, found)
        self._closed = self._closed or entry.kind == EntryKind.CLOSE

    def _checkpoint(self, entry: Leaf, last: Leaf | None) -> None:
        if entry.kind != EntryKind.CHECKPOINT:
            return
        (size, root), own, ts = self.bodies.checkpoint, self.frontier.size, last.ts if last else entry.ts
        if entry.ts != ts:
            self._say(entry.seq, Code.CHECKPOINT_TIME, ts, entry.ts)
        if (size, entry.seq) != (own, size):
            self._say(entry.seq, Code.CHECKPOINT_SIZE, own, size)
        elif root != self.frontier.root():
            self._say(entry.seq, Code.ROOT_MISMATCH, self.frontier.root(), root)
        else:
            self.signed = size

    def _anchor(self) -> None:
        """Compare the tree with every anchor of this size; a rewrite or fork cannot meet an outside root."""
        size, root = self.frontier.size, self.frontier.root
        for anchor in self._own(size):
            origin = self.bodies.origin or anchor.point.origin
            if (anchor.point.origin, anchor.point.root) != (origin, root()):
                self._say(size, Code.ANCHOR_MISMATCH, anchor.point.text(), f"{origin} {root().hex()}")
            elif anchor.witnesses:
                self.witnesses |= dict.fromkeys(anchor.witnesses, size)
                k = self.common.trust.quorum if self.common.trust else 1
                self.anchored = sorted([*self.witnesses.values(), *[0] * k])[-k]

    def _own(self, size: int) -> list[Anchor]:
        return [a for a in self.common.anchors if a.point.size == size and a.partition == self.number]

    def _end(self, evidence: Evidence | None) -> None:
        size, last = self.frontier.size, self._last
        if evidence is not None:
            evidence.end(size - 1, closed=self._closed)
        if last is None or last.kind != EntryKind.CHECKPOINT:
            self._say(size, Code.TAIL_UNSIGNED, "a last entry CHECKPOINT", last and f"kind {last.kind}")
        for anchor in self.common.anchors:
            if anchor.partition == self.number and anchor.point.size > size:
                self._say(size, Code.TRUNCATED, f"{anchor.point.size} entries, as anchored", size)
        if self.anchored == 0:
            self._say(-1, Code.UNANCHORED, "a note cosigned by a witness of the trust file", "none that fits")
