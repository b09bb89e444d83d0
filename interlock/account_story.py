"""What the ledger says of an account beside its view: which accounts were closed, which orders are open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kernel.folds.receipts import FINAL_RANK, RANK
from ledger.entry import decode_entry
from ledger.envelope import opened
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import (
    AccountViewRecord,
    Control,
    ControlEntry,
    DecisionEntry,
    Envelope,
    KernelIntent,
    Receipt,
    ReceiptEntry,
    ReceiptStatus,
    TimeInForce,
    Verb,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An accepted order without a final receipt; status: what the venue said last, None before that."""

    order: KernelIntent
    status: ReceiptStatus | None = None


@dataclass(slots=True, kw_only=True)
class Told:
    """closed: accounts that an operator closed. orders: what is open, by key."""

    closed: set[str] = field(default_factory=set)
    orders: dict[bytes, OpenOrder] = field(default_factory=dict)

    def of(self, account: str) -> list[OpenOrder]:
        """The open orders of one account, oldest first."""
        mine = [each for each in self.orders.values() if each.order.account == account]
        return sorted(mine, key=lambda each: (each.order.seq, each.order.key))


def calls(found: Told, views: Iterable[AccountViewRecord]) -> list[str]:
    """What a person must put right that no answer to an escalation can: each with the command for it."""
    unknown = [each.order for each in found.orders.values() if each.status is ReceiptStatus.UNKNOWN]
    lines = [
        f"the venue cannot say what became of order {order.key.hex()} of {order.account}: ask it, then"
        f" interlock account settle {order.account} {order.key.hex()}"
        for order in sorted(unknown, key=lambda order: (order.account, order.seq))
    ]
    dirty = [each.view.account for each in views if each.view.dirty and each.view.account not in found.closed]
    return lines + [
        f"account {name} is dirty, an order failed half-way: interlock account show {name}, then"
        f" interlock account clear {name}"
        for name in dirty
    ]


def told(values: Iterable[bytes]) -> Told:
    """Fold ledger entries."""
    found = Told()
    for value in values:
        leaf = decode_entry(value)
        match leaf.kind:
            case EntryKind.DECISION:
                _ordered(found, decode(DecisionEntry, leaf.body).intent)
            case EntryKind.RECEIPT:
                entry = decode(ReceiptEntry, leaf.body)
                _received(found, opened(entry.receipt, Receipt))
                for ruling in entry.compensations:
                    _ordered(found, ruling.intent)
            case EntryKind.CONTROL:
                _commanded(found, decode(ControlEntry, leaf.body))
            case _:
                pass
    return found


def _ordered(found: Told, sealed: Envelope | None) -> None:
    if sealed is not None:
        order = opened(sealed, KernelIntent)
        found.orders[order.key] = OpenOrder(order=order)


def _received(found: Told, receipt: Receipt) -> None:
    known = found.orders.get(receipt.key)
    if known is None:
        return
    rest_is_gone = (
        receipt.status is ReceiptStatus.PARTIAL and known.order.time_in_force is TimeInForce.IOC
    )  # of a partly filled immediate order nothing more can come
    if RANK[receipt.status] == FINAL_RANK or rest_is_gone:
        del found.orders[receipt.key]
    else:
        found.orders[receipt.key] = replace(known, status=receipt.status)


def _commanded(found: Told, entry: ControlEntry) -> None:
    if not entry.accepted:
        return
    command = opened(entry.command, Control)
    if command.account is None:
        return
    match command.verb:
        case Verb.OPEN:
            found.closed.discard(command.account)
        case Verb.CLOSE:
            found.closed.add(command.account)
        case Verb.SETTLE if command.target is not None:
            found.orders.pop(command.target, None)
        case _:
            pass
