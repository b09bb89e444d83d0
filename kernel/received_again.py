"""A RECEIPT entry judged again: the status it leaves, and every compensation, from the marks it holds."""

from __future__ import annotations

from decimal import Decimal

from kernel import opening
from kernel.acts.receipts import status_left
from kernel.compensation import compensations
from kernel.state.whole import State
from schemas.models import (
    Action,
    Fact,
    FlowStatus,
    KernelIntent,
    QuoteSeen,
    ReceiptEntry,
    Verdict,
)

Line = tuple[str, Action, str, Decimal, QuoteSeen | None, Verdict, int, tuple[Fact, ...], KernelIntent | None]
Received = tuple[FlowStatus, tuple[Line, ...]]


def received(entry: ReceiptEntry) -> Received:
    """What stands in the entry."""
    lines: tuple[Line, ...] = tuple(
        (
            each.step_id, each.action, each.instrument, each.quantity, each.mark, each.verdict, each.reason,
            each.facts, None if each.intent is None else opening.read(each.intent, KernelIntent),
        )
        for each in entry.compensations
    )  # fmt: skip
    return entry.flow_status, lines


def received_again(state: State, entry: ReceiptEntry, seq: int) -> Received:
    """What judging the receipt gives, before it is folded."""
    marks = {each.instrument: each.mark for each in entry.compensations}
    lines: tuple[Line, ...] = tuple(
        (
            each.step_id, each.action, each.instrument, each.quantity, each.mark, each.ruling.verdict,
            int(each.ruling.reason), each.ruling.facts, each.order,
        )
        for each in compensations(state, entry.receipt, seq, marks.get)
    )  # fmt: skip
    return status_left(state, entry.receipt), lines
