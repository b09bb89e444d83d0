"""A ledger partition is read once, in order and in constant memory, and everything wrong with it is said.

`Partition` follows the chain and grows the tree; what the bodies say is checked by `Bodies` (verify_bodies),
who signed them by `Signatures` (verify_sign), what they prove together by `Facts`.
After a finding the reading goes on from what is there, so one edit does not hide the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.facts import End, Facts
from ledger.findings import Code, Findings
from ledger.ilk import Broken
from ledger.merkle import Frontier, leaf_hash
from ledger.shapes import Malformed, Shapes
from ledger.trust import Anchor, Trust
from ledger.verify_bodies import Bodies, Evidence
from ledger.verify_sign import Signatures
from schemas.kind_table import EntryKind

# How deep a verification looks; each level includes those before it.
Level = IntEnum("Level", "STRUCTURE COMMIT SIGN EVIDENCE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all partitions of a ledger are verified with; a step is taken once across all of them."""

    level: Level
    findings: Findings
    anchors: Sequence[Anchor]
    trust: Trust | None
    facts: Facts = field(default_factory=Facts)


@dataclass(slots=True, kw_only=True)
class Partition:
    """The verification of one partition, from its first entry or from any other of which the state is known.

    signed: the size that a checkpoint of its own vouches for; witnesses: up to where each has seen it.
    place: the partition's number among those read together; since: entries that an earlier audit has read.
    """

    source: str
    common: Common
    place: int = 0
    since: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    signed: int = 0
    witnesses: dict[str, int] = field(default_factory=dict)
    prev: bytes = ZEROS
    last: Leaf | None = None
    closed: bool = False
    bodies: Bodies = field(init=False)

    def __post_init__(self) -> None:
        say, shapes, common, level = self._say, Shapes(), self.common, self.common.level
        sign = Signatures(say=say, trust=common.trust, shapes=shapes) if level >= Level.SIGN else None
        evidence = Evidence(say=say, facts=common.facts, source=self.place) if level > Level.SIGN else None
        self.bodies = Bodies(say=say, shapes=shapes, sign=sign, evidence=evidence)

    @property
    def number(self) -> int:
        """The number that the entries give their partition; -1 before one could be read."""
        return -1 if self.last is None else self.last.partition

    @property
    def anchored(self) -> int:
        """The size that notes of as many witnesses as the trust file asks for vouch for."""
        k = self.common.trust.quorum if self.common.trust else 1
        return sorted([*self.witnesses.values(), *[0] * k])[-k]

    def end(self) -> End:
        """How it ended, for what all partitions prove together."""
        return self.source, self.last.ts if self.last else 0, self.frontier.size, self.closed

    def read(self, values: Iterable[bytes]) -> None:
        """Verify a ledger of this one partition; findings go to `findings`."""
        self.follow(values)
        self.finish()
        self.common.facts.settle([self.end()], self.common.findings)

    def follow(self, values: Iterable[bytes]) -> None:
        """Verify the entries that come next."""
        try:
            for value in values:
                self._entry(value)
        except Broken as error:
            self._say(self.frontier.size, Code.ARCHIVE_BROKEN, "whole frames", error)

    def _say(self, seq: int, code: Code, expected: object, found: object) -> None:
        self.common.findings.add(self.source, seq, code, expected, found)

    def _entry(self, value: bytes) -> None:
        self._anchor()
        try:
            entry = decode_entry(value)
        except Malformed as error:
            self._say(self.frontier.size, Code.ENTRY_UNREADABLE, "an entry in its one spelling", error)
        else:
            self._follows(entry, self.last)
            if self.common.level >= Level.COMMIT:
                self.bodies.entry(entry, self.frontier.size)
                self._checkpoint(entry, self.last)
            self.last = entry
        self.prev = leaf_hash(value)
        self.frontier = self.frontier.append(self.prev)

    def _follows(self, entry: Leaf, last: Leaf | None) -> None:
        """The links that damage breaks at once: prev, sequence, ledger, partition, time, genesis, close."""
        genesis, after = entry.kind == EntryKind.GENESIS, self.closed and entry.kind != EntryKind.CHECKPOINT
        head = (entry.seq, entry.prev, genesis)
        links: list[tuple[Code, object, object]] = [(Code.HEAD_MISSING, (0, ZEROS, True), head)]
        if last is not None:
            links = [
                (Code.PREV_BROKEN, self.prev, entry.prev),
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
        self.closed = self.closed or entry.kind == EntryKind.CLOSE

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
        here = [a for a in self.common.anchors if (a.point.size, a.partition) == (size, self.number)]
        for anchor in here:
            origin = self.bodies.origin or anchor.point.origin
            if (anchor.point.origin, anchor.point.root) != (origin, root()):
                self._say(size, Code.ANCHOR_MISMATCH, anchor.point.text(), f"{origin} {root().hex()}")
            elif anchor.witnesses:
                self.witnesses |= dict.fromkeys(anchor.witnesses, size)

    def finish(self) -> None:
        """Say what the end of the partition tells: unsigned, cut short, or vouched for by nobody."""
        self._anchor()
        size, last = self.frontier.size, self.last
        if last is None or last.kind != EntryKind.CHECKPOINT:
            self._say(size, Code.TAIL_UNSIGNED, "a last entry CHECKPOINT", last and f"kind {last.kind}")
        for anchor in self.common.anchors:
            if anchor.partition == self.number and anchor.point.size > size:
                self._say(size, Code.TRUNCATED, f"{anchor.point.size} entries, as anchored", size)
        if self.anchored == 0:
            self._say(-1, Code.UNANCHORED, "a note cosigned by a witness of the trust file", "none that fits")


def absent(read: Sequence[Partition], common: Common) -> None:
    """Say what nobody brought."""
    if not read:
        common.findings.add("", -1, Code.EMPTY, "an archive", "none")
    for anchor in common.anchors:
        if anchor.partition not in {each.number for each in read}:
            common.findings.add("", -1, Code.TRUNCATED, anchor.point.origin, "no archive of this partition")
