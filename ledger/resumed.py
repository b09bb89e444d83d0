"""A reading may begin at any entry, if the state there is known, and what later entries rest on."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ledger.entry import ZEROS, Leaf, decode_entry
from ledger.findings import Code
from ledger.merkle import Frontier
from ledger.shapes import Malformed
from ledger.verify import Common, Level, Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The state before one entry. offset: of its frame, 0 for the first; tail: bytes of the value before.

    last: the last entry that was readable; ground: values of the GENESIS, SCHEMA, KEY and CLOSE entries.
    """

    offset: int = 0
    tail: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    prev: bytes = ZEROS
    last: Leaf | None = None
    closed: bool = False
    ground: tuple[bytes, ...] = ()
    signed: int = 0
    witnesses: Mapping[str, int] = field(default_factory=dict)


def begun(source: str, place: int, common: Common, start: Start) -> Partition:
    """Return a partition that an earlier audit has read up to `start`; nothing before is read again."""
    read = Partition(
        source=source, place=place, common=common, since=start.frontier.size, frontier=start.frontier,
        prev=start.prev, last=start.last, closed=start.closed, signed=start.signed,
        witnesses=dict(start.witnesses),
    )  # fmt: skip
    grounded(read, start.ground)
    return read


def grounded(read: Partition, ground: Iterable[bytes]) -> None:
    """Learn keys, shapes and origin from earlier entries; what is wrong with them was said in their turn."""
    if read.common.level < Level.COMMIT:
        return
    bodies, sign = read.bodies, read.bodies.sign
    said, bodies.say = bodies.say, _unsaid
    if sign is not None:
        sign.say = _unsaid
    for value in ground:
        with suppress(Malformed):
            entry = decode_entry(value)
            bodies.entry(entry, entry.seq)
    bodies.say = said
    if sign is not None:
        sign.say = said


def stand(read: Partition, on: Partition) -> None:
    """Let a reading stand on the keys, shapes and origin that another one of the same source has learnt."""
    read.bodies.origin, read.bodies.shapes = on.bodies.origin, on.bodies.shapes
    if read.bodies.sign is not None and on.bodies.sign is not None:
        read.bodies.sign.shapes, read.bodies.sign.ring = on.bodies.shapes, on.bodies.sign.ring


def _unsaid(seq: int, code: Code, expected: object, found: object) -> None:
    pass
