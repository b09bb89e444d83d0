"""What no signature shows: rulings that the law does not give. Only judging again finds these."""

from __future__ import annotations

from dataclasses import replace

from interlock.tamper.attacks import Bytes
from interlock.tamper.forge import Copy, Impossible
from ledger.dsse import pae_digest
from ledger.envelope import opened, seal
from schemas.kinds import EntryKind
from schemas.models import CloseEntry, DecisionEntry, Verdict, WindowRecord
from schemas.reasons import Reason


def other_verdict(copy: Copy) -> Bytes:
    """A decision with another reason than the gates gave."""
    for place, leaf in enumerate(copy.leaves):
        if leaf.kind == EntryKind.DECISION:
            body: DecisionEntry = copy.body(place)
            forged = replace(body, reason=int(Reason.RESOURCE_CONTENTION), verdict=Verdict.REJECTED)
            if body.verdict is not Verdict.DUPLICATE and forged != body:
                return copy.put(place, replace(forged, intent=None)).linked(signed=True).values()
    raise Impossible("no decision")


def other_winner(copy: Copy) -> Bytes:
    """A window whose winner is another of its answers, signed by the arbiter's own key."""
    for place, leaf in enumerate(copy.leaves):
        if leaf.kind != EntryKind.DECISION:
            continue
        body: DecisionEntry = copy.body(place)
        if not body.body.payload_type.endswith(".window-record.v1"):
            continue
        window = opened(body.body, WindowRecord)
        digests = [pae_digest(each.payload_type, each.payload) for each in window.answers]
        others = [each for each in digests if each != window.winner]
        if window.winner is not None and others:
            sealed = seal(replace(window, winner=others[0]), copy.keys("arbiter"))
            digest = pae_digest(sealed.payload_type, sealed.payload)
            return copy.put(place, replace(body, body=sealed, digest=digest)).linked(signed=True).values()
    raise Impossible("no window of two answers with a winner")


def unasked_close(copy: Copy) -> Bytes:
    """A ledger that its kernel's key ends without an operator's word: what would have come is lost."""
    end = len(copy.leaves)
    closed = copy.entry(EntryKind.CLOSE, CloseEntry(reason="end"), end)
    last = copy.leaves[copy.place(EntryKind.CHECKPOINT, last=True)]
    return copy.spliced(end, 0, [closed, replace(last, ts=closed.ts)]).linked(signed=True).values()


def other_epoch(copy: Copy) -> Bytes:
    """A kernel that hides that others ran before it."""
    place = copy.place(EntryKind.EPOCH)
    body = copy.body(place)
    return copy.put(place, replace(body, epoch=body.epoch + 1)).linked(signed=True).values()


RULED = {
    "another verdict": other_verdict,
    "another winner of a window": other_winner,
    "a CLOSE that nobody asked for": unasked_close,
    "another fencing epoch": other_epoch,
}
