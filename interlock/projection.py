"""What two runs of one tape must agree on, per account (law 8): no id, hash, offset or batch stands in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledger.entry import decode_entry
from ledger.envelope import opened
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.models import (
    AccountViewRecord,
    DecisionEntry,
    EscalationEntry,
    Fact,
    FlowEntry,
    FlowOpened,
    Receipt,
    ReceiptEntry,
    ReportEntry,
    Verdict,
)
from schemas.money import plain
from schemas.reasons import name_of

Line = tuple[Any, ...]
TOLD = (EntryKind.FLOW, EntryKind.DECISION, EntryKind.REPORT, EntryKind.RECEIPT, EntryKind.ESCALATION)


def projection(values: Iterable[bytes]) -> dict[str, list[Line]]:
    """Account to its lines in order: verdicts with facts, reports, receipts and what became of each flow."""
    names: dict[bytes, Line] = {}
    accounts: dict[bytes, str] = {}
    found: dict[str, list[Line]] = {}
    for value in values:
        leaf = decode_entry(value)
        if leaf.kind not in TOLD:
            continue
        body = decode(BODY[EntryKind(leaf.kind)], leaf.body)
        if isinstance(body, FlowEntry):
            flow = opened(body.flow, FlowOpened)
            accounts[flow.dfid] = flow.account
            names[flow.dfid] = _name(flow, names)
            continue
        line = _line(body)
        if line is not None:
            account = accounts.get(body.dfid, "")
            found.setdefault(account, []).append((names.get(body.dfid, ()), *line))
    return found


def balances(views: Iterable[AccountViewRecord]) -> dict[str, Line]:
    """Account to cash, positions and what was earned and paid."""
    return {
        record.view.account: (
            plain(record.view.cash), plain(record.view.reserved_cash), plain(record.equity),
            plain(record.realised), plain(record.fees),
            tuple((p.instrument, plain(p.quantity), plain(p.total_cost)) for p in record.view.positions),
        )
        for record in views
    }  # fmt: skip


def _name(flow: FlowOpened, names: dict[bytes, Line]) -> Line:
    """Source, signal id and class; the source of an instruction is a key id, drawn anew for each ledger.

    Of a child: its parent's name, step and number.
    """
    if flow.parent is not None:
        return (*names.get(flow.parent, ()), flow.parent_step, flow.child_number)
    source = "principal" if flow.trigger.instruction is not None else flow.trigger.source
    return (source, flow.trigger.signal_id, flow.decision_class)


def _line(body: Any) -> Line | None:
    match body:
        case DecisionEntry(verdict=Verdict.DUPLICATE):
            return None
        case DecisionEntry():
            reason = name_of(body.reason)
            ruled = (body.attempt, body.verdict.value, reason, _facts(body.facts))
            return ("DECISION", *ruled, body.flow_status.value)
        case ReportEntry():
            return ("REPORT", body.attempt, name_of(body.reason), body.flow_status.value)
        case ReceiptEntry():
            receipt = opened(body.receipt, Receipt)
            figures = (plain(receipt.quantity), plain(receipt.average_price), plain(receipt.fee))
            return ("RECEIPT", receipt.status.value, *figures, body.flow_status.value)
        case EscalationEntry():
            return ("ESCALATION", name_of(body.reason), body.flow_status.value)
        case _:
            return None


def _facts(facts: tuple[Fact, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((fact.name, plain(fact.value)) for fact in facts)
