"""The demo's made-up headlines and orders, read from beside the tape; labelled so wherever they are shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from interlock.feed.plan import Headline, Item, Send
from ledger.envelope import seal
from ledger.hashes import explain_commitment
from ledger.signing import Signer
from schemas.models import Instruction, InstructionRecord, Urgency
from schemas.wire import SchemaIds

FOLDER = Path(__file__).resolve().parent.parent / "tape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A made-up order: ``text`` is what was signed for, ``text_sent`` what travels beside it."""

    at: int
    account: str
    decision_class: str
    instrument: str
    text: str
    text_sent: str
    signer: str
    note: str


def headlines() -> list[Headline]:
    """The headlines of the shipped day."""
    found = json.loads((FOLDER / "headlines.json").read_text(encoding="utf-8"))["headlines"]
    return [Headline(at=_micros(each["at"]), symbol=each["symbol"], text=each["headline"]) for each in found]


def orders() -> list[Order]:
    """The orders of the shipped day."""
    found = json.loads((FOLDER / "instructions.json").read_text(encoding="utf-8"))["instructions"]
    return [
        Order(
            at=_micros(each["at"]), account=each["account"], decision_class=each["class"],
            instrument=each["instrument"], text=each["text"], text_sent=each["text_sent"],
            signer=each["signer"], note=each["note"],
        )
        for each in found
    ]  # fmt: skip


def instruction(order: Order, ledger: bytes, signer: Signer, ids: SchemaIds) -> Item:
    """One order as its principal signs and sends it; its salt is a hash of the order, so bytes repeat."""
    name = f"order-{order.at}-{order.account}"
    salt = hashlib.sha256(name.encode()).digest()
    signed = Instruction(
        ledger=ledger, account=order.account, instruction_id=name, event_time=order.at,
        decision_class=order.decision_class, instrument=order.instrument, notional_usd=None,
        urgency=Urgency.NORMAL, compliance=True, text_commitment=explain_commitment(order.text, salt),
    )  # fmt: skip
    record = InstructionRecord(envelope=seal(signed, signer), text=order.text_sent, salt=salt)
    send = Send(
        topic="instructions", key=order.account.encode(), value=ids.pack(record), account=order.account,
        fault="" if order.note == "honest" else order.note,
    )  # fmt: skip
    return Item(at=order.at, label=f"{order.account} order: {order.note}", sends=(send,))


def instructions(ledger: bytes, ids: SchemaIds, signer_of: Callable[[str], Signer]) -> list[Item]:
    """Every order of the shipped day, signed by whom it says."""
    return [instruction(order, ledger, signer_of(order.signer), ids) for order in orders()]


def _micros(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000
