"""The attacks that need no key, and those of whoever holds the kernel's checkpoint key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from interlock.tamper.forge import Copy, Impossible
from ledger.findings import Code
from ledger.verify import Level
from schemas.kinds import EntryKind
from schemas.models import CloseEntry

Bytes = list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One thing a forger may do. ``codes``: any of them finds it, from ``level`` on.

    anchored: it shows only against a note kept outside. who: the keys it takes.
    """

    name: str
    who: str
    codes: frozenset[Code]
    level: Level
    done: Callable[[Copy], Bytes]
    anchored: bool = False


def _flip(copy: Copy) -> Copy:
    place = copy.place(EntryKind.RECEIPT, EntryKind.DECISION, EntryKind.CONTROL)
    leaf = copy.leaves[place]
    raw = bytearray(leaf.body)
    raw[-1] ^= 1
    return copy.spliced(place, 1, [replace(leaf, body=bytes(raw))])


def _middle(copy: Copy) -> int:
    """An entry that stands between two others of its own batch."""
    place = copy.place(EntryKind.FLOW, EntryKind.CONTROL, EntryKind.DECISION)
    if place + 2 >= len(copy.leaves):
        raise Impossible("no three entries in a row")
    return place


def _deleted(copy: Copy) -> Copy:
    return copy.spliced(_middle(copy), 1, [])


def _inserted(copy: Copy) -> Copy:
    place = _middle(copy)
    return copy.spliced(place, 0, [copy.leaves[place]])


def _swapped(copy: Copy) -> Copy:
    place = copy.place(EntryKind.SCHEMA)
    return copy.spliced(place, 2, [copy.leaves[place + 1], copy.leaves[place]])


def _cut(copy: Copy) -> Bytes:
    """Before the last entry that stands inside a batch: its BATCH has been read, the rest is missing."""
    inside = (EntryKind.FLOW, EntryKind.DECISION, EntryKind.RECEIPT, EntryKind.CONTROL)
    return copy.values()[: copy.place(*inside, last=True)]


def _cut_at_checkpoint(copy: Copy) -> Bytes:
    places = [place for place, leaf in enumerate(copy.leaves) if leaf.kind == EntryKind.CHECKPOINT]
    if len(places) < 2:
        raise Impossible("no second CHECKPOINT")
    return copy.values()[: places[-2] + 1]


def _headless(copy: Copy) -> Bytes:
    return copy.values()[1:]


def _respelled(copy: Copy) -> Bytes:
    """The partition's number in two bytes where Avro needs one: the same meaning, other bytes."""
    values = copy.values()
    place = _middle(copy)
    value = values[place]
    at = 32 + 16  # after prev and ledger, both fixed
    number = bytes([value[at] | 0x80, 0])
    values[place] = value[:at] + number + value[at + 1 :]
    return values


def _rewritten(copy: Copy) -> Bytes:
    """The whole history without its last flow's receipt, signed again as if it had always been so."""
    place = copy.place(EntryKind.RECEIPT, EntryKind.DECISION, EntryKind.CONTROL, last=True)
    return copy.spliced(place, 1, []).linked(signed=True).values()


def _forked(copy: Copy) -> Bytes:
    """True up to the middle, then another continuation, signed by the same kernel."""
    place = copy.place(EntryKind.BATCH, last=True)
    other = replace(copy.body(place), refusals_uncounted=7)
    return copy.put(place, other).linked(signed=True).values()


def _went_on(copy: Copy) -> Bytes:
    """A CLOSE before the last batch: what was closed goes on."""
    place = copy.place(EntryKind.BATCH, last=True)
    closed = copy.entry(EntryKind.CLOSE, CloseEntry(reason="end"), place - 1)
    return copy.spliced(place, 0, [closed]).linked(signed=True).values()


NOBODY = "anybody with the file"
KERNEL = "the kernel's checkpoint key"
_LINK = frozenset({Code.PREV_BROKEN})
_TREE = frozenset({Code.ROOT_MISMATCH, Code.CHECKPOINT_SIZE, Code.ANCHOR_MISMATCH})


def _plain(name: str, done: Callable[[Copy], Copy]) -> list[Attack]:
    """As it is, and with every link after it made to fit."""
    return [
        Attack(
            name=name, who=NOBODY, codes=_LINK, level=Level.STRUCTURE, done=lambda copy: done(copy).values()
        ),
        Attack(
            name=f"{name}, linked again",
            who=NOBODY,
            codes=_TREE,
            level=Level.COMMIT,
            done=lambda copy: done(copy).linked(signed=False).values(),
        ),
    ]


OF_FILES: tuple[Attack, ...] = (
    *_plain("an entry edited", _flip),
    *_plain("an entry deleted", _deleted),
    *_plain("an entry inserted", _inserted),
    *_plain("two entries swapped", _swapped),
    Attack(
        name="cut inside a batch",
        who=NOBODY,
        codes=frozenset({Code.TAIL_UNSIGNED}),
        level=Level.STRUCTURE,
        done=_cut,
    ),
    Attack(
        name="cut at a checkpoint",
        who=NOBODY,
        codes=frozenset({Code.TRUNCATED}),
        level=Level.STRUCTURE,
        done=_cut_at_checkpoint,
        anchored=True,
    ),
    Attack(
        name="the first entry dropped",
        who=NOBODY,
        codes=frozenset({Code.HEAD_MISSING}),
        level=Level.STRUCTURE,
        done=_headless,
    ),
    Attack(
        name="the same meaning in other bytes",
        who=NOBODY,
        codes=frozenset({Code.ENTRY_UNREADABLE}),
        level=Level.STRUCTURE,
        done=_respelled,
    ),
    Attack(
        name="entries after a CLOSE",
        who=KERNEL,
        codes=frozenset({Code.AFTER_CLOSE}),
        level=Level.STRUCTURE,
        done=_went_on,
    ),
    Attack(
        name="all written anew",
        who=KERNEL,
        codes=frozenset({Code.ANCHOR_MISMATCH, Code.TRUNCATED}),
        level=Level.STRUCTURE,
        done=_rewritten,
        anchored=True,
    ),
    Attack(
        name="another continuation (fork)",
        who=KERNEL,
        codes=frozenset({Code.ANCHOR_MISMATCH}),
        level=Level.STRUCTURE,
        done=_forked,
        anchored=True,
    ),
)
