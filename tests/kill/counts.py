"""The count in the end: the ledger against the venue's own record, account by account, and nobody owed."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from interlock.accounts import latest_views
from interlock.context import Context
from kernel.folds.receipts import FINAL_RANK, RANK
from kernel.venues.venue import VenueAnswer, answer_of
from ledger.entry import decode_entry
from ledger.envelope import opened
from ledger.intents import client_order_id
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.models import (
    AccountViewRecord,
    Action,
    DecisionEntry,
    Envelope,
    FlowOpened,
    FlowRecord,
    KernelIntent,
    Quarantined,
    Receipt,
    ReceiptEntry,
    ReceiptStatus,
    Verdict,
)
from schemas.topics import BY_NAME
from schemas.wire import PREFIX, unframed

NO_EFFECT = frozenset({ReceiptStatus.NOT_SENT, ReceiptStatus.EXPIRED})
FLOWS = ("flows.eoam", "flows.sds", "flows.dlpci")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The venue's own record. orders: client id -> account and answer, in the venue's order."""

    orders: Mapping[str, tuple[str, VenueAnswer]]
    placed: Counter[str]  # how often each was asked to be placed


@dataclass
class Accepted:
    """The ledger's side: orders in the order of their acceptance, and their final receipts."""

    orders: dict[str, KernelIntent] = field(default_factory=dict)
    finals: dict[str, Receipt] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)


@dataclass
class Count:
    """Figures, and what is wrong with them: every list must be empty."""

    accepted: int = 0
    effects: int = 0
    without_effect: int = 0  # a final receipt says so: NOT_SENT, EXPIRED, or refused by the venue
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)

    @property
    def breaches(self) -> list[str]:
        """Everything that is wrong, by name."""
        named = ("missing", "doubled", "reordered", "otherwise")
        return [f"{name}: {what}" for name in named for what in getattr(self, name)]


def taken(database: Path) -> Taken:
    """Read the venue's file, which no process of ours has written but through the venue."""
    store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = store.execute("SELECT client_id, account, answer FROM orders ORDER BY rowid").fetchall()
        asked = store.execute("SELECT client_id FROM attempts WHERE what = 'place'").fetchall()
    finally:
        store.close()
    orders = {client_id: (account, answer_of(raw)) for client_id, account, raw in rows}
    return Taken(orders=orders, placed=Counter(client_id for (client_id,) in asked))


def accepted(values: Iterable[bytes]) -> Accepted:
    """Orders and final receipts of a ledger."""
    found = Accepted()
    for value in values:
        leaf = decode_entry(value)
        if leaf.kind not in (EntryKind.DECISION, EntryKind.RECEIPT):
            continue
        body = decode(BODY[EntryKind(leaf.kind)], leaf.body)
        if isinstance(body, DecisionEntry) and body.verdict is Verdict.ACCEPTED:
            _order(found, body.intent)
        elif isinstance(body, ReceiptEntry):
            receipt = opened(body.receipt, Receipt)
            if RANK[receipt.status] == FINAL_RANK or receipt.status is ReceiptStatus.PARTIAL:
                found.finals[client_order_id(receipt.key)] = receipt
            for each in body.compensations:
                _order(found, each.intent)
    return found


def _order(found: Accepted, sealed: Envelope | None) -> None:
    intent = None if sealed is None else opened(sealed, KernelIntent)
    if intent is None or intent.action is Action.CANCEL:
        return
    client_id = client_order_id(intent.key)
    if client_id in found.orders:
        found.twice.append(client_id)
    found.orders[client_id] = intent


def count(ledger: Accepted, venue: Taken, views: Iterable[AccountViewRecord]) -> Count:
    """Hold the two against each other."""
    found = Count(accepted=len(ledger.orders), effects=len(venue.orders))
    found.doubled += [f"{client_id} is accepted twice" for client_id in ledger.twice]
    found.doubled += [
        f"{client_id} was sent {times} times" for client_id, times in venue.placed.items() if times > 1
    ]
    for client_id in venue.orders.keys() - ledger.orders.keys():
        found.doubled.append(f"{client_id} is at the venue, and nobody accepted it")
    for client_id, order in ledger.orders.items():
        _effect(found, client_id, order, ledger.finals.get(client_id), venue)
    places = {client_id: place for place, client_id in enumerate(ledger.orders)}
    last: dict[str, int] = {}
    for client_id, (account, _) in venue.orders.items():
        place = places.get(client_id, -1)
        if place < last.get(account, -1):
            found.reordered.append(f"{client_id} of {account}")
        last[account] = max(place, last.get(account, -1))
    _positions(found, ledger, venue, views)
    return found


def _effect(found: Count, client_id: str, order: KernelIntent, receipt: Receipt | None, venue: Taken) -> None:
    """One effect and its receipt, or a final receipt that says there is none."""
    known = venue.orders.get(client_id)
    if receipt is None:
        found.missing.append(f"{client_id} of {order.account} has no final receipt; venue: {known}")
    elif known is None:
        found.without_effect += 1
        if receipt.quantity > 0 or receipt.status not in {*NO_EFFECT, ReceiptStatus.CANCELLED}:
            found.missing.append(f"{client_id} of {order.account}: {receipt.status}, and no effect")
    else:
        account, answer = known
        said = (order.account, receipt.quantity, receipt.average_price, receipt.fee)
        if said != (account, answer.quantity, answer.average_price, answer.fee):
            found.otherwise.append(f"{client_id}: the receipt says {said}, the venue {known}")


def _positions(found: Count, ledger: Accepted, venue: Taken, views: Iterable[AccountViewRecord]) -> None:
    """What accounts hold is what the venue did for them."""
    traded: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for client_id, (account, answer) in venue.orders.items():
        order = ledger.orders.get(client_id)
        if order is not None:
            sign = 1 if order.side == "BUY" else -1
            traded[account, order.instrument] += sign * answer.quantity
    held = {(v.view.account, p.instrument): p.quantity for v in views for p in v.view.positions if p.quantity}
    for place in sorted(held.keys() | {place for place, quantity in traded.items() if quantity}):
        if held.get(place, Decimal(0)) != traded[place]:
            found.otherwise.append(f"{place} holds {held.get(place)}, and traded {traded[place]}")


def unanswered(there: Context, ordered: Mapping[str, list[str]]) -> list[str]:
    """Orders of principals that became no flow, or two; what was quarantined is answered by that."""
    opened_: Counter[str] = Counter()
    for topic in FLOWS:
        for record in there.read(topic):
            flow = opened(unframed(FlowRecord, record.value).flow, FlowOpened)
            if flow.attempt == 1 and flow.trigger.instruction is not None:
                opened_[flow.trigger.signal_id] += 1
    refused = sum(
        decode(Quarantined, (record.value or b"")[PREFIX.size :]).topic == "instructions"
        for record in there.read("quarantine")
    )
    names = [name for each in ordered.values() for name in each]
    none = [name for name in names if not opened_[name]]
    wrong = [f"{name} opened {opened_[name]} flows" for name in names if opened_[name] > 1]
    if len(none) > refused:
        wrong.append(f"{len(none)} orders opened no flow, {refused} were refused at the door: {none[:5]}")
    return wrong


def counted(there: Context) -> Count:
    """The count of one ledger."""
    assert BY_NAME["kernel.ledger"].sharded, "one partition a shard"
    venue = taken(there.running.root / "venue" / f"{there.name}.db")
    return count(accepted(there.ledger()), venue, latest_views(there))
