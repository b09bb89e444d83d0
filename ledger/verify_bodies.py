"""What each body says of itself must hold, and what it adds to what entries prove together is told.

Of itself: its shape was named before, its digests are those of its bytes. Together (`Evidence`): flows,
rulings on them, steps, orders and receipts, as facts that `facts.py` joins.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.dsse import pae_digest
from ledger.entry import Leaf
from ledger.facts import Facts
from ledger.findings import Code, Say
from ledger.note import origin_of
from ledger.shapes import Malformed, Shapes, Unreleased
from ledger.tag import tagged
from ledger.verify_sign import Body, Signatures, open_envelope, refused_as_forged
from schemas.kind_table import EntryKind

At = tuple[tuple[int, int], int]  # place (source, entries before) and seq

# UNKNOWN is an answer: a person settles it. PARTIAL is one of an IOC order, the rest of which is gone.
ANSWERED = ("FILLED", "DECLINED", "CANCELLED", "EXPIRED", "NOT_SENT", "UNKNOWN")
RECEIPT_MARGIN_US = 60_000_000  # an executor reconciles within seconds; a minute tells slow from never
_AMOUNTS = ("quantity", "limit_price", "stop", "target_price")


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Tells the facts of one partition's entries; `facts.settle` joins those of all.

    source: the partition's number among those read together; place: entries before this one.
    """

    say: Say
    facts: Facts
    source: int = 0

    def entry(self, entry: Leaf, place: int, body: Body, shapes: Shapes) -> None:
        """Tell what one entry adds. Raises Malformed on what cannot be opened."""
        at = ((self.source, place), entry.seq)
        if entry.kind == EntryKind.FLOW:
            self._flow(at, body["flow"], shapes)
        elif entry.kind == EntryKind.RECEIPT:
            receipt = open_envelope(body["receipt"], shapes)[1]
            self.facts.tell(receipt["key"], *at, "RECEIPT", receipt["status"])
            for ruled in (each for each in body.get("compensations", ()) if each["verdict"] == "ACCEPTED"):
                # Ruled without an envelope: its key follows from the entry, its account from the receipt.
                about = {**dict.fromkeys(_AMOUNTS), **receipt, **ruled, "time_in_force": "IOC"}
                self._taken(at, about, about, shapes)
        elif entry.kind in (EntryKind.DECISION, EntryKind.REPORT) and not refused_as_forged(body):
            ruled_on = body.get("verdict") in ("ACCEPTED", "ESCALATED")
            intent, proven = _intent(body["body"], shapes) if ruled_on else None, tuple[Any, ...]()
            if intent is not None:
                evidence = (intent["evidence"] or b"") if intent["kind"] == "PCI" else None
                proven = (intent["state_hash"], intent["agent_id"], evidence)
            self.facts.tell(body["flow_hash"], *at, "JUDGED", body["dfid"], body["account"], *proven)
            # A HALT that missed its window is accepted beside the step's own decision, and repeats no effect.
            if intent is not None and body["verdict"] == "ACCEPTED" and intent["action"] != "HALT":
                self._taken(at, body, intent, shapes)

    def _flow(self, at: At, envelope: Body, shapes: Shapes) -> None:
        payload: bytes = envelope["payload"]
        form = shapes.get(payload[:32])
        if form is None or (form.name, form.schema["fields"][-1]["name"]) != ("FlowOpened", "snapshot"):
            return  # said by the level below
        flow = open_envelope(envelope, shapes)[1]
        h_state = tagged("interlock/1/state", form.last_field(payload[32:]))
        contracts = {each["agent_id"]: each["contract_hash"] for each in flow["woken"]}
        kept = (flow["dfid"], flow["account"], h_state, flow["snapshot"]["rules_hash"], contracts)
        self.facts.tell(tagged("interlock/1/flow", payload), *at, "FLOW", *kept)

    def _taken(self, at: At, body: Body, intent: Body, shapes: Shapes) -> None:
        step = tagged("interlock/1/step", body["account"], body["dfid"], intent["step_id"])[:16]
        self.facts.tell(step, *at, "STEP", intent["step_id"])
        if body["intent"] is not None:
            order, key, seq = open_envelope(body["intent"], shapes)[1], key_of(intent), at[1]
            if order["key"] != key:
                self.say(seq, Code.KEY_MISMATCH, key, order["key"])
            if order["account"] != body["account"]:
                self.say(seq, Code.FOREIGN_ACCOUNT, body["account"], order["account"])
            answers = (*ANSWERED, "PARTIAL") if order["time_in_force"] == "IOC" else ANSWERED
            # A CANCEL has no effect of its own; what it cancels owes the receipt.
            due = None if intent["action"] == "CANCEL" else order["valid_until"] + RECEIPT_MARGIN_US
            self.facts.tell(order["key"], *at, "ORDER", answers, due)


def _intent(envelope: Body, shapes: Shapes) -> Body | None:
    """Return the intent that was judged: the body itself, or the winner of a window."""
    name, message = open_envelope(envelope, shapes)
    for answer in message.get("answers", ()):
        if pae_digest(answer["payload_type"], answer["payload"]) == message["winner"]:
            return _intent(answer, shapes)
    return message if name == "Intent" else None


def key_of(intent: Body) -> bytes:
    """Return the idempotency key of an intent read from the ledger, its amounts unscaled ints of 10^-18."""
    amounts = [None if intent[each] is None else Decimal(f"{intent[each]}E-18") for each in _AMOUNTS]
    named = [intent[each] for each in ("dfid", "step_id", "account", "action", "instrument")]
    return tagged("interlock/1/idem", *named, *amounts, intent["time_in_force"])


NO_CHECKPOINT = (-1, b"")


def body_name(kind: int) -> str | None:
    """Return the name of the message that entries of a kind hold; None for a kind this version knows not."""
    if kind not in EntryKind.__members__.values():
        return None
    if EntryKind.CONTRACT <= kind <= EntryKind.KEY:
        return "DocumentEntry"
    return "Genesis" if kind == EntryKind.GENESIS else f"{EntryKind(kind).name.capitalize()}Entry"


@dataclass(slots=True, kw_only=True)
class Bodies:
    """Reads each body by the schemas the ledger itself has named, and hands it on to the deeper levels."""

    say: Say
    sign: Signatures | None
    evidence: Evidence | None
    shapes: Shapes
    origin: str = ""
    checkpoint: tuple[int, bytes] = NO_CHECKPOINT

    def entry(self, entry: Leaf, place: int) -> None:
        """Check one entry's body at level commit, then at the levels asked for. place: entries before."""
        self.checkpoint, name = NO_CHECKPOINT, body_name(entry.kind)
        try:
            form = self.shapes.get(entry.schema)
            if name is None:
                self.say(entry.seq, Code.KIND_UNKNOWN, "a kind this version knows", entry.kind)
            elif form is None:
                self.say(entry.seq, Code.SCHEMA_UNKNOWN, "a schema named by an entry before", entry.schema)
            elif form.name != name:
                self.say(entry.seq, Code.BODY_WRONG_KIND, name, form.name)
            else:
                self._read(entry, place, form.read(entry.body))
        except Malformed as error:
            code = Code.KIND_UNKNOWN if isinstance(error, Unreleased) else Code.BODY_UNREADABLE
            self.say(entry.seq, code, f"{name} in its one spelling", error)

    def _read(self, entry: Leaf, place: int, body: dict[str, Any]) -> None:
        match entry.kind:
            case EntryKind.GENESIS:
                self.origin = origin_of(body["operator"], entry.ledger, entry.partition)
            case EntryKind.SCHEMA:
                self.shapes.learn(body["name"], body["schema"])
            case EntryKind.CHECKPOINT:
                self.checkpoint = (body["size"], body["root"])
            case EntryKind.BATCH if body["now"] != entry.ts:
                self.say(entry.seq, Code.BATCH_TIME, entry.ts, body["now"])
            case EntryKind.DECISION | EntryKind.REPORT:
                digest = pae_digest(body["body"]["payload_type"], body["body"]["payload"])
                if digest != body["digest"]:
                    self.say(entry.seq, Code.DIGEST_MISMATCH, digest, body["digest"])
        if self.sign is not None:
            self.sign.entry(entry, body, self.origin)
        if self.evidence is not None:
            self.evidence.entry(entry, place, body, self.shapes)
