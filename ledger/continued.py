"""A ledger that ends is gone on from in another, whose GENESIS names its last notes: the link is checkable.

The note of a closed partition covers all of it but its own CHECKPOINT, so whoever verifies the new ledger
holds an anchor of the old one; nothing can be added to the old, or left out of it, without breaking one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.entry import decode_entry
from ledger.merkle import Frontier, leaf_hash
from ledger.note import BadNote, origin_of
from ledger.shapes import Malformed
from ledger.trust import Anchor, Trust, parse_anchor
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import CloseEntry, Genesis

NOTES_MAX = 1_024  # partitions of one ledger


class NotContinued(ValueError):
    """The one ledger does not go on from the other; args[0] says where they part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a partition ends. size, root: of what its last CHECKPOINT covers; reason: of its CLOSE, if any."""

    origin: str
    size: int
    root: bytes
    reason: str | None


def ended(values: Iterable[bytes]) -> Ended:
    """Read a partition to its end. Raises Malformed; NotContinued when its last entry is no CHECKPOINT."""
    frontier, covered, origin, reason, last = Frontier(), Frontier(), "", None, -1
    for value in values:
        entry = decode_entry(value)
        if entry.kind == EntryKind.GENESIS:
            origin = origin_of(decode(Genesis, entry.body).operator, entry.ledger, entry.partition)
        elif entry.kind == EntryKind.CLOSE:
            reason = decode(CloseEntry, entry.body).reason
        covered, frontier, last = frontier, frontier.append(leaf_hash(value)), entry.kind
    if last != EntryKind.CHECKPOINT or not origin:
        raise NotContinued(f"{origin or 'the old ledger'} has no CHECKPOINT at its end")
    return Ended(origin=origin, size=covered.size, root=covered.root(), reason=reason)


def notes_of(value: bytes) -> tuple[str, ...]:
    """The notes that a ledger's first entry goes on from. Raises Malformed on any other entry."""
    entry = decode_entry(value)
    if entry.kind != EntryKind.GENESIS:
        raise Malformed("a ledger begins with GENESIS")
    found = decode(Genesis, entry.body).continues
    if len(found) > NOTES_MAX:
        raise Malformed(f"{len(found)} notes; a ledger has at most {NOTES_MAX} partitions")
    return tuple(each.decode("utf-8", "replace") for each in found)


def linked(notes: Sequence[str], old: Sequence[Ended], trust: Trust | None) -> list[Anchor]:
    """Return the notes as anchors of the old ledger, one a partition, in its order.

    trust: of the old ledger; with it each note must bear a witness's signature. Raises NotContinued.
    """
    try:
        anchors = [parse_anchor(each, trust) for each in notes]
    except BadNote as error:
        raise NotContinued(f"GENESIS names what is no note: {error}") from None
    if len(anchors) != len(old):
        raise NotContinued(f"GENESIS names {len(anchors)} notes; the old ledger has {len(old)} partitions")
    by_origin = {each.point.origin: each for each in anchors}
    found = []
    for end in old:
        anchor = by_origin.get(end.origin)
        if anchor is None:
            raise NotContinued(f"GENESIS names no note of {end.origin}")
        if end.reason is None:
            raise NotContinued(f"{end.origin} is not closed: something may follow its last CHECKPOINT")
        if (anchor.point.size, anchor.point.root) != (end.size, end.root):
            raise NotContinued(f"the note of {end.origin} covers {anchor.point.size}, it ended at {end.size}")
        if trust is not None and len(anchor.witnesses) < trust.quorum:
            raise NotContinued(f"too few trusted witnesses signed the note of {end.origin}")
        found.append(anchor)
    return found
