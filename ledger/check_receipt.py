"""A receipt is checked from itself and a trust file alone: paths, shapes, keys and signatures."""

from dataclasses import dataclass

from ledger.entry import decode_entry
from ledger.facts import Facts
from ledger.findings import Code, Findings, Outcome
from ledger.merkle import leaf_hash
from ledger.note import BadNote
from ledger.receipt import Receipt
from ledger.shapes import Malformed, Shapes
from ledger.six import Six, six
from ledger.trust import Anchor, Trust, parse_anchor
from ledger.verify_bodies import Bodies, Evidence
from ledger.verify_sign import Signatures
from schemas.kind_table import EntryKind

SOURCE = "receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The note as it was read, and the flow's answers when nothing in the receipt is wrong."""

    anchor: Anchor | None = None
    told: Six | None = None


def check_receipt(receipt: Receipt, trust: Trust | None, findings: Findings) -> Checked:
    """Check every entry of a receipt; what is wrong goes to `findings`, by the verifier's own codes."""

    def say(seq: int, code: Code, expected: object, found: object) -> None:
        findings.add(SOURCE, seq, code, expected, found)

    anchor = _anchor(receipt, trust, findings)
    shapes = Shapes()
    sign = Signatures(say=say, trust=trust, shapes=shapes)
    facts = Facts()
    bodies = Bodies(say=say, shapes=shapes, sign=sign, evidence=Evidence(say=say, facts=facts))
    first, last = -1, -1
    for each in receipt.entries:
        try:
            entry = decode_entry(each.value)
        except Malformed as error:
            say(each.path.index, Code.ENTRY_UNREADABLE, "an entry in its one spelling", error)
            continue
        if entry.seq != each.path.index or entry.seq <= last:
            say(entry.seq, Code.SEQ_BROKEN, f"above {last}, proven at its own place", each.path.index)
        first = entry.kind if first < 0 else first
        last = entry.seq
        if anchor is not None and not each.path.leads_to(leaf_hash(each.value), anchor):
            say(entry.seq, Code.ROOT_MISMATCH, anchor.point.text(), "a path that leads elsewhere")
        bodies.entry(entry, each.path.index)
    # Without an end nothing is overdue: what came later is not in a receipt.
    facts.settle([(SOURCE, 0, last + 1, False)], findings)
    if first != EntryKind.GENESIS:
        say(-1, Code.HEAD_MISSING, "GENESIS first", first)
    if anchor is not None and bodies.origin and anchor.point.origin != bodies.origin:
        say(-1, Code.ANCHOR_MISMATCH, bodies.origin, anchor.point.origin)
    if findings.outcome() not in (Outcome.INTACT, Outcome.INCOMPLETE):
        return Checked(anchor=anchor)  # what is not proven is not told
    told = six((each.value for each in receipt.entries), receipt.dfid)
    if not told.found():
        say(-1, Code.FLOW_MISSING, f"an entry of flow {receipt.dfid.hex()}", "none")
    return Checked(anchor=anchor, told=told)


def _anchor(receipt: Receipt, trust: Trust | None, findings: Findings) -> Anchor | None:
    try:
        anchor = parse_anchor(receipt.note, trust)
    except BadNote as error:
        findings.add(SOURCE, -1, Code.ANCHOR_UNUSABLE, "a checkpoint note", error)
        return None
    if trust is None or len(anchor.witnesses) < trust.quorum:
        wanted = f"a note cosigned by {trust.quorum if trust else 1} of the trust file's witnesses"
        findings.add(SOURCE, -1, Code.UNANCHORED, wanted, len(anchor.witnesses))
    return anchor
