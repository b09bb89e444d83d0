"""For every flow the ledger answers six questions: what woke it, seen, why, proposed, ruled, happened.

Plain data first, read from the entries alone by the schemas they bring with them; a text for people after.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ledger.dsse import pae_digest
from ledger.entry import decode_entry
from ledger.hashes import flow_hash, state_hash
from ledger.kind_body import body_of, opened_as
from ledger.shapes import Shapes
from ledger.verify_sign import open_envelope
from schemas.kind_table import EntryKind
from schemas.money import from_unscaled, plain
from schemas.reasons import LaneReason, Reason

Answer = dict[str, Any]
QUESTIONS = ("woke", "seen", "why", "proposed", "ruled", "happened")
_AMOUNTS = frozenset(
    {"quantity", "limit_price", "stop", "target_price", "confidence", "average_price", "fee", "price_low",
     "price_high", "price_shown"}
)  # fmt: skip


@dataclass(slots=True)
class Six:
    """The answers about one flow; each list is in the order of the ledger."""

    dfid: bytes
    answers: dict[str, list[Answer]] = field(default_factory=lambda: {each: [] for each in QUESTIONS})
    erased: dict[str, Answer] = field(default_factory=dict)  # by commitment: where, and who asked

    def found(self) -> bool:
        """Say whether the ledger knows the flow at all."""
        return any(self.answers.values())


def six(values: Iterable[bytes], dfid: bytes) -> Six:
    """Return the six answers about a flow (16-byte DFID). Raises Malformed on entries that cannot be read."""
    shapes, told = Shapes(), Six(dfid)
    for value in values:
        entry = decode_entry(value)
        _, body = body_of(entry, shapes)
        if entry.kind == EntryKind.SCHEMA:
            shapes.learn(body["name"], body["schema"])
        elif entry.kind == EntryKind.FLOW:
            _flow(told, entry.seq, body["flow"], shapes)
        elif body.get("dfid") == dfid:
            _about(told, entry.seq, entry.kind, body, shapes)
        elif entry.kind == EntryKind.HUMAN:
            _human(told, entry.seq, body, shapes)
        elif entry.kind == EntryKind.CONTROL and body["accepted"]:
            _erasure(told, entry.seq, body["command"], shapes)
    for line in told.answers["why"]:
        line |= told.erased.get(line["commitment"], {})
    return told


def _erasure(told: Six, seq: int, envelope: Answer, shapes: Shapes) -> None:
    """A text that a signed act took away: its commitment stays, and who asked stands beside it."""
    _, command = open_envelope(envelope, shapes)
    if command["verb"] == "ERASE":
        who = [each["keyid"].hex() for each in envelope["signatures"]]
        told.erased[command["target"].hex()] = {"erased_seq": seq, "erased_by": who}


def _flow(told: Six, seq: int, envelope: Answer, shapes: Shapes) -> None:
    _, flow = opened_as(envelope, shapes, "FlowOpened")
    if flow["dfid"] != told.dfid:
        return
    form = shapes.get(envelope["payload"][:32])
    assert form is not None  # opened_as has just read by it
    trigger = {name: value for name, value in flow["trigger"].items() if name != "instruction"}
    told.answers["woke"].append(
        {"seq": seq, "account": flow["account"], "class": flow["decision_class"], "lane": flow["lane"],
         "attempt": flow["attempt"], "trigger": _plain(trigger),
         "agents": [f"{each['agent_id']} {each['version']}" for each in flow["woken"]]}
    )  # fmt: skip
    snapshot = flow["snapshot"]
    told.answers["seen"].append(
        {"seq": seq, "attempt": flow["attempt"], "taken_at": snapshot["taken_at"],
         "h_state": state_hash(form.last_field(envelope["payload"][32:])).hex(),
         "h_flow": flow_hash(envelope["payload"]).hex(), "h_rules": snapshot["rules_hash"].hex(),
         "account_version": snapshot["account"]["version"],
         "instruments": [_view(each) for each in snapshot["instruments"]],
         "headlines": len(snapshot["headlines"])}
    )  # fmt: skip


def _about(told: Six, seq: int, kind: int, body: Answer, shapes: Shapes) -> None:
    match kind:
        case EntryKind.DECISION | EntryKind.REPORT:
            _proposed(told, seq, body["body"], shapes)
            told.answers["ruled"].append({**_ruling(seq, kind, body), **_ordered(body, shapes)})
        case EntryKind.RECEIPT:
            _, receipt = opened_as(body["receipt"], shapes, "Receipt")
            kept = {"status", "venue", "quantity", "average_price", "fee", "at"}
            told.answers["happened"].append(
                {"seq": seq, **_plain({k: v for k, v in receipt.items() if k in kept})}
            )
            told.answers["ruled"] += [_compensated(seq, body, each) for each in body.get("compensations", ())]
        case EntryKind.ESCALATION:
            told.answers["ruled"].append(_ruling(seq, kind, body))


def _human(told: Six, seq: int, body: Answer, shapes: Shapes) -> None:
    _, act = opened_as(body["act"], shapes, "HumanDecision")
    if act["dfid"] == told.dfid:
        said = {each: act[each] for each in ("choice", "quantity", "price_shown") if act[each] is not None}
        signers = [each["keyid"].hex() for each in body["act"]["signatures"]]
        line = {**_plain(said), "signers": signers, **_ruling(seq, EntryKind.HUMAN, body)}
        told.answers["ruled"].append(line)
        told.answers["why"].append(
            {"seq": seq, "commitment": act["explain_commitment"].hex(), "who": "operator"}
        )


def _proposed(told: Six, seq: int, envelope: Answer, shapes: Shapes) -> None:
    """What was signed, one line per answer; a window shows its losers beside its winner."""
    name, message = opened_as(envelope, shapes, "Intent", "Report", "WindowRecord")
    winner = message.get("winner")
    for answer in message.get("answers", (envelope,)):
        inner, said = opened_as(answer, shapes, "Intent", "Report")
        told.answers["why"].append(
            {"seq": seq, "who": said["agent_id"], "commitment": said["explain_commitment"].hex()}
        )
        kept = ("action", "instrument", "quantity", "limit_price", "stop", "target_price", "confidence",
                "kind")  # fmt: skip
        line: Answer = {"seq": seq, "what": inner, "who": said["agent_id"], "attempt": said["attempt"]}
        line |= _plain({each: said[each] for each in kept if said.get(each) is not None})
        if said.get("mandate"):
            line["frame"] = _plain(said["mandate"])
        if inner == "Report":
            line["reason"] = _named(LaneReason, said["reason"])
        if name == "WindowRecord":
            line["won"] = winner == pae_digest(answer["payload_type"], answer["payload"])
        told.answers["proposed"].append(line)


def _ruling(seq: int, kind: int, body: Answer) -> Answer:
    # A report's reason is the lane's; every other one is the kernel's.
    reason = _named(LaneReason if kind == EntryKind.REPORT else Reason, body["reason"])
    facts = {each["name"]: plain(from_unscaled(each["value"])) for each in body.get("facts", ())}
    return {
        "seq": seq, "entry": EntryKind(kind).name, "verdict": body.get("verdict", EntryKind(kind).name),
        "reason": reason, "facts": facts, "flow": body["flow_status"],
    }  # fmt: skip


def _ordered(body: Answer, shapes: Shapes) -> Answer:
    """What was ordered, which a person or a mandate's rest may have made less than what was proposed."""
    if body.get("intent") is None:
        return {}
    _, order = opened_as(body["intent"], shapes, "KernelIntent")
    kept = ("side", "quantity", "instrument", "limit_price")
    return {"ordered": _plain({each: order[each] for each in kept})}


def _compensated(seq: int, body: Answer, ruled: Answer) -> Answer:
    """What the kernel ruled to put a failure right, in the words of any other ruling."""
    order = _plain({name: ruled[name] for name in ("action", "instrument", "quantity")})
    said = _ruling(seq, EntryKind.RECEIPT, {**ruled, "flow_status": body["flow_status"]})
    return {**said, "step": ruled["step_id"], **order}


def _named(table: type[LaneReason] | type[Reason], number: int) -> str:
    """Return a reason's name; a later version's number stays a number."""
    return table(number).name if number in table.__members__.values() else str(number)


def _view(view: Answer) -> Answer:
    amounts = {k: v for k, v in view.items() if isinstance(v, int) and not k.startswith(("price_", "quote_"))}
    return {"instrument": view["instrument"], **{k: plain(from_unscaled(v)) for k, v in amounts.items()}}


def _plain(fields: Answer) -> Answer:
    """Return the fields as people and JSON take them: amounts as text, bytes in hex."""
    shown: Answer = {}
    for name, value in fields.items():
        if name in _AMOUNTS and value is not None:
            shown[name] = plain(from_unscaled(value))
        else:
            shown[name] = value.hex() if isinstance(value, bytes) else value
    return shown
