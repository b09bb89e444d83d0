"""What entries prove together: each decision's flow was there, each effect ruled once and answered for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ledger.avro_bytes import Malformed
from ledger.dsse import pae_digest
from ledger.entry import Leaf
from ledger.findings import Code
from ledger.hashes import evidence_hash, flow_hash, idempotency_key, sha256, state_hash
from ledger.shapes import Shapes
from ledger.verify_sign import open_envelope, refused_as_forged
from schemas.kind_table import EntryKind
from schemas.money import from_unscaled

Body = dict[str, Any]
Say = Callable[[int, Code, object, object], None]

FINAL = frozenset({"FILLED", "DECLINED", "CANCELLED", "EXPIRED", "NOT_SENT"})
RECEIPT_MARGIN_US = 60_000_000  # an executor reconciles within seconds; a minute tells slow from never


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a decision is compared with: the flow as the ledger holds it."""

    dfid: bytes
    account: str
    h_state: bytes
    h_rules: bytes
    contracts: tuple[tuple[str, bytes], ...]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Flows by H_flow, steps taken (shared by all partitions), orders that still owe a final receipt."""

    say: Say
    steps: set[bytes]
    _flows: dict[bytes, Seen] = field(default_factory=dict)
    _orders: set[bytes] = field(default_factory=set)
    _owed: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _now: int = 0

    def entry(self, entry: Leaf, body: Body, shapes: Shapes) -> None:
        """Fold one entry; what cannot be opened is left to the level below, which has said so."""
        self._now = entry.ts
        try:
            match entry.kind:
                case EntryKind.FLOW:
                    self._flow(body["flow"], shapes)
                case EntryKind.DECISION if not refused_as_forged(body):
                    self._decision(entry.seq, body, shapes)
                case EntryKind.REPORT if body["flow_hash"] not in self._flows:
                    self.say(entry.seq, Code.FLOW_MISSING, "a FLOW entry before", body["flow_hash"])
                case EntryKind.RECEIPT:
                    self._receipt(entry.seq, body["receipt"], shapes)
        except Malformed:
            return

    def end(self, seq: int, *, closed: bool) -> None:
        """Say which orders never got a final receipt though it was due, or the ledger is closed."""
        for key, (ordered, due) in sorted(self._owed.items(), key=lambda item: item[1]):
            if closed or self._now > due:
                self.say(
                    ordered, Code.RECEIPT_MISSING, f"a final receipt of {key.hex()}", f"none up to {seq}"
                )

    def _flow(self, envelope: Body, shapes: Shapes) -> None:
        _, flow = open_envelope(envelope, shapes)
        payload: bytes = envelope["payload"]
        form = shapes.get(payload[:32])
        assert form is not None  # open_envelope has just read by it
        self._flows[flow_hash(payload)] = Seen(
            dfid=flow["dfid"],
            account=flow["account"],
            h_state=state_hash(form.slice(payload[32:], "snapshot")),
            h_rules=flow["snapshot"]["rules_hash"],
            contracts=tuple((each["agent_id"], each["contract_hash"]) for each in flow["woken"]),
        )

    def _decision(self, seq: int, body: Body, shapes: Shapes) -> None:
        flow = self._flows.get(body["flow_hash"])
        if flow is None or (flow.dfid, flow.account) != (body["dfid"], body["account"]):
            self.say(seq, Code.FLOW_MISSING, "its own FLOW entry before", body["flow_hash"])
            return
        intent = self._intent(body["body"], shapes)
        if intent is None or body["verdict"] not in ("ACCEPTED", "ESCALATED"):
            return
        if intent["state_hash"] != flow.h_state:
            self.say(seq, Code.STATE_MISMATCH, flow.h_state, intent["state_hash"])
        if intent["kind"] == "PCI":
            self._proof(seq, flow, intent)
        if body["verdict"] == "ACCEPTED":
            self._taken(seq, body, intent, shapes)

    def _intent(self, envelope: Body, shapes: Shapes) -> Body | None:
        """Return the intent that was judged: the body itself, or the winner of a window."""
        name, message = open_envelope(envelope, shapes)
        if name == "Intent":
            return message
        for answer in message.get("answers", ()):
            if pae_digest(answer["payload_type"], answer["payload"]) == message["winner"]:
                name, inner = open_envelope(answer, shapes)
                return inner if name == "Intent" else None
        return None

    def _proof(self, seq: int, flow: Seen, intent: Body) -> None:
        contract = dict(flow.contracts).get(intent["agent_id"])
        expected = contract and evidence_hash(flow.dfid, flow.h_state, contract, flow.h_rules)
        if intent["evidence"] is None or intent["evidence"] != expected:
            self.say(seq, Code.EVIDENCE_MISMATCH, expected, intent["evidence"])

    def _taken(self, seq: int, body: Body, intent: Body, shapes: Shapes) -> None:
        step = sha256(f"{body['account']}\n{intent['step_id']}\n".encode() + body["dfid"])[:16]
        if step in self.steps:
            self.say(seq, Code.STEP_TWICE, "one acceptance of a step", f"{intent['step_id']} again")
        self.steps.add(step)
        if body["intent"] is None:
            return
        _, order = open_envelope(body["intent"], shapes)
        key = key_of(intent)
        if order["key"] != key:
            self.say(seq, Code.KEY_MISMATCH, key, order["key"])
        self._orders.add(order["key"])
        self._owed[order["key"]] = (seq, order["valid_until"] + RECEIPT_MARGIN_US)

    def _receipt(self, seq: int, envelope: Body, shapes: Shapes) -> None:
        _, receipt = open_envelope(envelope, shapes)
        if receipt["key"] not in self._orders:
            self.say(seq, Code.RECEIPT_ORPHAN, "an accepted order before", receipt["key"])
        if receipt["status"] in FINAL:
            self._owed.pop(receipt["key"], None)


def key_of(intent: Body) -> bytes:
    """Return the idempotency key of an intent read from the ledger."""

    def amount(name: str) -> Any:
        return None if intent[name] is None else from_unscaled(intent[name])

    return idempotency_key(
        dfid=intent["dfid"],
        step_id=intent["step_id"],
        account=intent["account"],
        action=intent["action"],
        instrument=intent["instrument"],
        quantity=amount("quantity"),
        limit=amount("limit_price"),
        stop=amount("stop"),
        target=amount("target_price"),
        time_in_force=intent["time_in_force"],
    )
