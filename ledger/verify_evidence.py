"""What entries prove together: each decision's flow was there, each effect ruled once and answered for."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.dsse import pae_digest
from ledger.entry import Leaf
from ledger.findings import Code, Say
from ledger.shapes import Shapes
from ledger.tag import sha256, tagged
from ledger.verify_sign import open_envelope, refused_as_forged
from schemas.kind_table import EntryKind

Body = dict[str, Any]

# UNKNOWN is an answer: a person settles it. PARTIAL is one of an IOC order, the rest of which is gone.
ANSWERED = ("FILLED", "DECLINED", "CANCELLED", "EXPIRED", "NOT_SENT", "UNKNOWN")
RECEIPT_MARGIN_US = 60_000_000  # an executor reconciles within seconds; a minute tells slow from never
_AMOUNTS = ("quantity", "limit_price", "stop", "target_price")


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Flows by H_flow, steps taken (shared by all partitions), orders that still owe a final receipt."""

    say: Say
    steps: set[bytes]
    _flows: dict[bytes, tuple[Body, bytes]] = field(default_factory=dict)
    _orders: dict[bytes, tuple[str, ...]] = field(default_factory=dict)
    _owed: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _now: int = 0

    def entry(self, entry: Leaf, body: Body, shapes: Shapes) -> None:
        """Fold one entry. Raises Malformed on what cannot be opened."""
        self._now = entry.ts
        if entry.kind == EntryKind.FLOW:
            self._flow(body["flow"]["payload"], shapes)
        elif entry.kind == EntryKind.RECEIPT:
            receipt = open_envelope(body["receipt"], shapes)[1]
            self._receipt(entry.seq, receipt)
            for ruled in (each for each in body.get("compensations", ()) if each["verdict"] == "ACCEPTED"):
                # Ruled without an envelope: its key follows from the entry, its account from the receipt.
                about = {**dict.fromkeys(_AMOUNTS), **receipt, **ruled, "time_in_force": "IOC"}
                self._taken(entry.seq, about, about, shapes)
        elif entry.kind in (EntryKind.DECISION, EntryKind.REPORT) and not refused_as_forged(body):
            flow, h_state = self._flows.get(body["flow_hash"], ({}, b""))
            if (flow.get("dfid"), flow.get("account")) != (body["dfid"], body["account"]):
                self.say(entry.seq, Code.FLOW_MISSING, "its own FLOW entry before", body["flow_hash"])
            elif body.get("verdict") in ("ACCEPTED", "ESCALATED"):
                self._judged(entry.seq, body, flow, h_state, shapes)

    def end(self, seq: int, *, closed: bool) -> None:
        """Say which orders never got a final receipt though it was due, or the ledger is closed."""
        for key, (ordered, due) in sorted(self._owed.items(), key=lambda item: item[1]):
            if closed or self._now > due:
                wanted = f"a final receipt of {key.hex()}"
                self.say(ordered, Code.RECEIPT_MISSING, wanted, f"none up to {seq}")

    def _flow(self, payload: bytes, shapes: Shapes) -> None:
        form = shapes.get(payload[:32])
        if form is None or (form.name, form.schema["fields"][-1]["name"]) != ("FlowOpened", "snapshot"):
            return  # said by the level below
        flow = form.read(payload[32:])
        kept = {name: flow[name] for name in ("dfid", "account", "woken")}
        kept["rules"], h_state = flow["snapshot"]["rules_hash"], form.last_field(payload[32:])
        self._flows[tagged("interlock/1/flow", payload)] = (kept, tagged("interlock/1/state", h_state))

    def _judged(self, seq: int, body: Body, flow: Body, h_state: bytes, shapes: Shapes) -> None:
        intent = _intent(body["body"], shapes)
        if intent is None:
            return
        if intent["state_hash"] != h_state:
            self.say(seq, Code.STATE_MISMATCH, h_state, intent["state_hash"])
        contracts = {each["agent_id"]: each["contract_hash"] for each in flow["woken"]}
        evidence = sha256(flow["dfid"] + h_state + contracts.get(intent["agent_id"], b"") + flow["rules"])
        if intent["kind"] == "PCI" and intent["evidence"] != evidence:
            self.say(seq, Code.EVIDENCE_MISMATCH, evidence, intent["evidence"] or "none")
        # A HALT that missed its window is accepted beside the step's own decision, and repeats no effect.
        if body["verdict"] == "ACCEPTED" and intent["action"] != "HALT":
            self._taken(seq, body, intent, shapes)

    def _taken(self, seq: int, body: Body, intent: Body, shapes: Shapes) -> None:
        step = tagged("interlock/1/step", body["account"], body["dfid"], intent["step_id"])[:16]
        if step in self.steps:
            self.say(seq, Code.STEP_TWICE, "one acceptance of a step", f"{intent['step_id']} again")
        self.steps.add(step)
        if body["intent"] is not None:
            order, key = open_envelope(body["intent"], shapes)[1], key_of(intent)
            if order["key"] != key:
                self.say(seq, Code.KEY_MISMATCH, key, order["key"])
            if order["account"] != body["account"]:
                self.say(seq, Code.FOREIGN_ACCOUNT, body["account"], order["account"])
            partial = ("PARTIAL",) if order["time_in_force"] == "IOC" else ()
            self._orders[order["key"]] = (*ANSWERED, *partial)
            if intent["action"] != "CANCEL":  # it has no effect of its own; what it cancels owes the receipt
                self._owed[order["key"]] = (seq, order["valid_until"] + RECEIPT_MARGIN_US)

    def _receipt(self, seq: int, receipt: Body) -> None:
        if receipt["key"] not in self._orders:
            self.say(seq, Code.RECEIPT_ORPHAN, "an accepted order before", receipt["key"])
        elif receipt["status"] in self._orders[receipt["key"]]:
            self._owed.pop(receipt["key"], None)


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
