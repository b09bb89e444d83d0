"""One flow as files for people and programs: projections of its entries, and a manifest that binds them.

decision.json: what was ruled. trajectory.json: every entry of the flow, in order. deltas.json: what each
receipt moved. manifest.json: the SHA-256 of each, and of every entry they come from. The entries are what
counts: a bundle can be made again from them, byte for byte.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ledger.entry import decode_entry
from ledger.gathered import Gathered
from ledger.merkle import leaf_hash
from ledger.plain_body import plain_entry
from ledger.tag import sha256
from schemas.kind_table import EntryKind
from schemas.money import CONTEXT, plain

FORMAT = "interlock-bundle/1"
_RULINGS = (EntryKind.DECISION.name, EntryKind.REPORT.name, EntryKind.HUMAN.name, EntryKind.ESCALATION.name)
_ZERO = Decimal(0)

Files = dict[str, str]


class NoFlow(LookupError):
    """The ledger holds no entry of the flow."""


def bundle(values: Iterable[bytes], dfid: bytes) -> Files:
    """Return file names with their text. Raises NoFlow, or Malformed on entries that cannot be read."""
    gathered = Gathered(dfid)
    for place, value in enumerate(values):
        gathered.take(place, value)
    if not gathered.own:
        raise NoFlow(f"no entry of flow {dfid.hex()}")
    shown = [plain_entry(decode_entry(value), gathered.shapes) for _, value in gathered.own]
    first = decode_entry(gathered.own[0][1])
    files = {
        "decision.json": _text({"dfid": dfid.hex(), "rulings": [each for each in shown if _rules(each)]}),
        "trajectory.json": _text({"dfid": dfid.hex(), "entries": shown}),
        "deltas.json": _text({"dfid": dfid.hex(), "deltas": _deltas(shown)}),
    }
    manifest = {
        "format": FORMAT,
        "dfid": dfid.hex(),
        "ledger": first.ledger.hex(),
        "partition": first.partition,
        "entries": [{"seq": place, "leaf": leaf_hash(value).hex()} for place, value in gathered.own],
        "files": {name: sha256(text.encode()).hex() for name, text in sorted(files.items())},
    }
    return {**files, "manifest.json": _text(manifest)}


def _text(content: Any) -> str:
    return json.dumps(content, indent=1) + "\n"


def _rules(shown: dict[str, Any]) -> bool:
    return shown["kind"] in _RULINGS


def _deltas(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each receipt moved beyond the one before it; receipts are cumulative."""
    orders: dict[str, dict[str, Any]] = {}
    before: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
    found = []
    for each in shown:
        for order in _orders(each["body"]):
            orders[order["key"]] = order
        if each["kind"] != EntryKind.RECEIPT.name:
            continue
        receipt = each["body"]["receipt"]["message"]
        order = orders.get(receipt["key"], {"side": "", "instrument": ""})
        quantity, fee = Decimal(receipt["quantity"]), Decimal(receipt["fee"])
        now = (quantity, CONTEXT.multiply(quantity, Decimal(receipt["average_price"])), fee)
        was = before.get(receipt["key"], (_ZERO, _ZERO, _ZERO))
        moved, paid, cost = (CONTEXT.subtract(one, two) for one, two in zip(now, was, strict=True))
        sign = -1 if order["side"] == "SELL" else 1
        before[receipt["key"]] = now
        found.append(
            {
                "seq": each["seq"],
                "status": receipt["status"],
                "instrument": order["instrument"],
                "position": plain(CONTEXT.multiply(moved, Decimal(sign))),
                "cash": plain(CONTEXT.subtract(CONTEXT.multiply(paid, Decimal(-sign)), cost)),
                "fee": plain(cost),
            }
        )
    return found


def _orders(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The signed orders an entry holds: a decision's own, or those a receipt's failure ran."""
    held = [body.get("intent"), *(each["intent"] for each in body.get("compensations", ()))]
    return [each["message"] for each in held if each is not None and "message" in each]
