"""What a counterparty keeps of one flow: its entries, all they rest on, and a proof that each was logged.

A receipt is one JSON file. Every entry in it carries the path to the root that the note's witnesses signed,
so neither the broker nor the rest of the ledger is needed. What a receipt cannot show is what is not in it:
that no key was revoked between, and that the flow had no further entry. The whole ledger shows that.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.entry import Leaf, decode_entry
from ledger.gathered import Gathered
from ledger.kind_body import body_of
from ledger.merkle import leaf_hash
from ledger.merkle_tree import Tree
from ledger.note import BadNote, Checkpoint, origin_of
from ledger.shapes import Shapes
from ledger.tlog_proof import BadProof, Path, parse_path
from ledger.trust import parse_anchor

FORMAT = "interlock-receipt/1"
RECEIPT_BYTES_MAX = 16 * 1024 * 1024
ENTRIES_MAX = 10_000


class BadReceipt(ValueError):
    """A file that is no receipt, or not its one spelling."""


class OtherLog(BadReceipt):
    """A note that is of another log than the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """One entry as it stands in the ledger, and its path."""

    value: bytes
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Of the flow `dfid` (16 bytes): entries in order of sequence, under one cosigned note."""

    dfid: bytes
    entries: tuple[Proven, ...]
    note: str

    def text(self) -> str:
        """Return the file's JSON, which `parse_receipt` reads back."""
        entries = [
            {"proof": each.path.text(), "value": base64.b64encode(each.value).decode()}
            for each in self.entries
        ]
        return (
            json.dumps(
                {"format": FORMAT, "dfid": self.dfid.hex(), "note": self.note, "entries": entries}, indent=1
            )
            + "\n"
        )


def parse_receipt(text: str) -> Receipt:
    """Read a receipt. Raises BadReceipt unless rendering it again gives the same text."""
    try:
        if len(text) > RECEIPT_BYTES_MAX:
            raise BadReceipt(f"a receipt has at most {RECEIPT_BYTES_MAX} bytes")
        read = json.loads(text)
        entries = tuple(
            Proven(value=base64.b64decode(each["value"], validate=True), path=parse_path(str(each["proof"])))
            for each in read["entries"]
        )
        receipt = Receipt(dfid=bytes.fromhex(read["dfid"]), entries=entries, note=str(read["note"]))
    except (binascii.Error, BadProof, ValueError, TypeError, LookupError, RecursionError) as error:
        raise BadReceipt(f"a receipt that cannot be read: {error}") from None
    if len(receipt.entries) > ENTRIES_MAX or len(receipt.dfid) != 16 or receipt.text() != text:
        raise BadReceipt("a receipt whose spelling is not the one way")
    return receipt


def make_receipt(values: Iterable[bytes], dfid: bytes, note: str) -> Receipt:
    """Prove every entry of a flow under a note of this ledger.

    Raises BadReceipt when the ledger holds no entry of the flow below the note, or is not the note's;
    Malformed on entries that cannot be read.
    """
    try:
        point = parse_anchor(note, None).point
    except BadNote as error:
        raise BadReceipt(f"a note that is no checkpoint: {error}") from None
    tree, gathered = Tree(), Gathered(dfid)
    for place, value in enumerate(values):
        if place == point.size:
            break
        if place == 0:
            _is_of(decode_entry(value), point)
        tree.append(leaf_hash(value))
        gathered.take(place, value)
    if len(tree) < point.size or tree.root() != point.root:
        raise BadReceipt(f"this ledger of {len(tree)} entries is not the note's of {point.size}")
    if not gathered.own:
        raise BadReceipt(f"no entry of flow {dfid.hex()} among the {point.size} the note covers")
    proven = tuple(
        Proven(value=value, path=Path(index=place, hashes=tuple(tree.inclusion(place))))
        for place, value in gathered.kept()
    )
    return Receipt(dfid=dfid, entries=proven, note=note)


def _is_of(first: Leaf, point: Checkpoint) -> None:
    """Refuse a note of another log: its own witnesses would not know the tree."""
    genesis = body_of(first, Shapes())[1]
    origin = origin_of(str(genesis.get("operator", "")), first.ledger, first.partition)
    if origin != point.origin:
        raise OtherLog(f"a note of {point.origin}, and this is {origin}")
