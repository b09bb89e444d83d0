"""A ledger partition is read once, in order and in constant memory, and everything wrong with it is said.

`Partition` follows the chain and grows the tree; what the bodies say is checked by `Bodies` (verify_bodies),
who signed them by `Signatures` (verify_sign), what they prove together by `Evidence` (verify_evidence).
After a finding the reading goes on from what is there, so one edit does not hide the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ledger.avro_bytes import Malformed
from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.findings import Code, Findings
from ledger.ilk import Broken
from ledger.merkle import Frontier, leaf_hash
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
class Read:
    """What was read of one partition: its name, entries, signed and anchored sizes, last root, witnesses."""

    source: str
    origin: str
    partition: int
    entries: int
    root: bytes
    signed_size: int
    anchored_size: int
    witnesses: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Partition:
    """The verification of one partition; `steps` is shared, for a step is taken once across all of them."""

    source: str
    level: Level
    findings: Findings
    anchors: Sequence[Anchor]
    trust: Trust | None
    steps: set[bytes] = field(default_factory=set)
    _prev: bytes | None = None
    _last: Leaf | None = None
    _frontier: Frontier = field(default_factory=Frontier)
    _signed: int = 0
    _anchored: int = 0
    _closed: bool = False
    _witnesses: set[str] = field(default_factory=set)
    _met: set[int] = field(default_factory=set)
    _bodies: Bodies = field(init=False)

    def __post_init__(self) -> None:
        say = self._say
        sign = Signatures(say=say, trust=self.trust) if self.level >= Level.SIGN else None
        evidence = Evidence(say=say, steps=self.steps) if self.level >= Level.EVIDENCE else None
        self._bodies = Bodies(say=say, sign=sign, evidence=evidence)

    def read(self, values: Iterable[bytes]) -> Read:
        """Verify all entries of the partition and return what was read; findings go to `findings`."""
        try:
            for value in values:
                self._entry(value)
        except Broken as error:
            self._say(self._frontier.size, Code.ARCHIVE_BROKEN, "whole frames", error)
        return self._end()

    def _say(self, seq: int, code: Code, expected: object, found: object) -> None:
        self.findings.add(self.source, seq, code, expected, found)

    def _entry(self, value: bytes) -> None:
        place = self._frontier.size
        self._anchor()
        try:
            entry = decode_entry(value)
        except Malformed as error:
            self._say(place, Code.ENTRY_UNREADABLE, "an entry in its one spelling", error)
        else:
            self._follows(place, entry)
            if self.level >= Level.COMMIT:
                self._bodies.entry(entry)
            self._checkpoint(entry)
            self._last = entry
        self._prev = leaf_hash(value)
        self._frontier = self._frontier.append(self._prev)

    def _follows(self, place: int, entry: Leaf) -> None:
        """The links that damage breaks at once: prev, sequence, ledger, partition, time, genesis, close."""
        last, seq = self._last, entry.seq
        if last is None:
            if (seq, entry.prev, entry.kind) != (0, ZEROS, EntryKind.GENESIS):
                self._say(place, Code.HEAD_MISSING, "GENESIS at 0", f"kind {entry.kind} at {seq}")
            return
        if entry.prev != self._prev:
            self._say(place, Code.PREV_BROKEN, self._prev, entry.prev)
        if seq != last.seq + 1:
            self._say(place, Code.SEQ_BROKEN, last.seq + 1, seq)
        if entry.ledger != last.ledger:
            self._say(place, Code.LEDGER_CHANGED, last.ledger, entry.ledger)
        if entry.partition != last.partition:
            self._say(place, Code.PARTITION_CHANGED, last.partition, entry.partition)
        if entry.ts < last.ts:
            self._say(place, Code.TIME_WENT_BACK, last.ts, entry.ts)
        if entry.kind == EntryKind.GENESIS:
            self._say(place, Code.GENESIS_MISPLACED, "GENESIS at 0 only", seq)
        if self._closed and entry.kind != EntryKind.CHECKPOINT:
            self._say(place, Code.AFTER_CLOSE, "nothing but a CHECKPOINT after CLOSE", entry.kind)
        self._closed = self._closed or entry.kind == EntryKind.CLOSE

    def _checkpoint(self, entry: Leaf) -> None:
        if entry.kind != EntryKind.CHECKPOINT or self.level < Level.COMMIT:
            return
        size, root = self._bodies.checkpoint
        if (size, entry.seq) != (self._frontier.size, size):
            self._say(entry.seq, Code.CHECKPOINT_SIZE, self._frontier.size, size)
        elif root != self._frontier.root():
            self._say(entry.seq, Code.ROOT_MISMATCH, self._frontier.root(), root)
        else:
            self._signed = size

    def _anchor(self) -> None:
        """Compare the tree with every anchor of this size; a rewrite or fork cannot meet an outside root."""
        size = self._frontier.size
        for number, anchor in enumerate(self.anchors):
            if anchor.point.size != size or not self._own(anchor):
                continue
            self._met.add(number)
            if self._bodies.origin not in ("", anchor.point.origin):
                self._say(size, Code.ANCHOR_MISMATCH, anchor.point.origin, self._bodies.origin)
            elif anchor.point.root != self._frontier.root():
                self._say(size, Code.ANCHOR_MISMATCH, anchor.point.root, self._frontier.root())
            elif anchor.witnesses:
                self._anchored = max(self._anchored, size)
                self._witnesses |= set(anchor.witnesses)

    def _own(self, anchor: Anchor) -> bool:
        return self._last is not None and anchor.partition == self._last.partition

    def _end(self) -> Read:
        size, last = self._frontier.size, self._last
        self._anchor()
        if self.level >= Level.COMMIT:
            self._bodies.end(closed=self._closed)
        if last is None:
            self._say(-1, Code.EMPTY, "entries", "none")
        elif last.kind != EntryKind.CHECKPOINT:
            self._say(size, Code.TAIL_UNSIGNED, "a last entry CHECKPOINT", f"kind {last.kind}")
        for number, anchor in enumerate(self.anchors):
            if number not in self._met and self._own(anchor):
                self._say(size, Code.TRUNCATED, f"{anchor.point.size} entries, as anchored", size)
        if self._anchored == 0:
            self._say(
                -1, Code.UNANCHORED, "a note cosigned by a witness of the trust file", len(self.anchors)
            )
        return Read(
            source=self.source,
            origin=self._bodies.origin,
            partition=-1 if last is None else last.partition,
            entries=size,
            root=self._frontier.root(),
            signed_size=self._signed,
            anchored_size=self._anchored,
            witnesses=tuple(sorted(self._witnesses)),
        )
