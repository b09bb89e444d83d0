"""A venue's word taken in: its entry, the orders that put a failure right, and the call for a person."""

from __future__ import annotations

from dataclasses import dataclass

from kernel import opening
from kernel.acts.receipts import status_left
from kernel.announce import Announcer
from kernel.compensation import Compensated, compensations
from kernel.failure import compensates, failure_of
from kernel.folds.receipts import contradicts, is_final, is_news
from kernel.ruled import Bench
from kernel.ruling import facts
from kernel.state.accounts import Order
from kernel.state.flows import Flow
from kernel.state.whole import State
from ledger.envelope import seal
from ledger.signing import Signer
from rules.contract import Compensation
from schemas.kinds import EntryKind
from schemas.models import (
    CompensationRuling,
    Envelope,
    Escalation,
    Fact,
    Receipt,
    ReceiptEntry,
    ReceiptStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Why a person is called about an order: the reason a compensation was refused for (else 0), figures.

    order: None of one that a person has settled, and whose venue tells of more than that.
    """

    order: Order | None
    reason: int
    facts: tuple[Fact, ...]


def receive(bench: Bench, envelope: Envelope) -> None:
    """Write the RECEIPT of a receipt that may be folded; send what it makes the kernel do."""
    state, seq = bench.state, bench.journal.seq
    receipt = opening.surely(envelope, Receipt)
    ruled = compensations(state, envelope, seq, lambda name: bench.quotes.last(name, state.now))
    rulings = tuple(_sealed(each, bench.signer) for each in ruled)
    alert = alert_of(state, receipt, ruled)
    entry = ReceiptEntry(
        receipt=envelope,
        dfid=receipt.dfid,
        flow_status=status_left(state, envelope),
        compensations=rulings,
    )
    bench.journal.add(EntryKind.RECEIPT, entry)
    tell = Announcer(state)
    orders = [each.intent for each in rulings if each.intent is not None]
    bench.outputs += [tell.intent(receipt.account, order) for order in orders]
    if alert is not None:
        record = _record(state, envelope, receipt, alert, seq)
        bench.outputs.append(tell.produce("escalations", receipt.account, record))


def alert_of(state: State, receipt: Receipt, ruled: tuple[Compensated, ...]) -> Alert | None:
    """Whether a receipt, not yet folded, needs a person, who settles the order or clears the account.

    A venue that cannot say, or tells of fills after a person settled the order; a compensation that did not
    do all it was to; a failure the kernel does not put
    right by itself: told so by the contract, refused by a gate, or with nothing left to undo it by.
    """
    order = state.accounts[receipt.account].orders.get(receipt.key)
    if contradicts(state, receipt):
        settled = state.flows[receipt.dfid].settled[receipt.key]
        return Alert(order=None, reason=0, facts=facts(settled=settled, filled=receipt.quantity))
    if order is None or not is_news(receipt, order):
        return None
    figures = facts(ordered=order.quantity, filled=receipt.quantity)
    if receipt.status is ReceiptStatus.UNKNOWN:
        return Alert(order=order, reason=0, facts=figures)
    if compensates(order):
        missed = is_final(receipt, order) and receipt.quantity < order.quantity
        return Alert(order=order, reason=0, facts=figures) if missed else None
    failure = failure_of(state, receipt)
    if failure is None or failure.policy is Compensation.NOOP:
        return None
    refused = [each for each in ruled if each.order is None]
    if ruled and not refused:
        return None
    if not refused:
        return Alert(order=order, reason=0, facts=figures)
    first = refused[0].ruling
    more = facts(compensations=len(ruled), refused=len(refused))
    return Alert(order=order, reason=int(first.reason), facts=(*figures, *more, *first.facts))


def _sealed(each: Compensated, signer: Signer) -> CompensationRuling:
    return CompensationRuling(
        step_id=each.step_id,
        action=each.action,
        instrument=each.instrument,
        quantity=each.quantity,
        mark=each.mark,
        verdict=each.ruling.verdict,
        reason=int(each.ruling.reason),
        facts=each.ruling.facts,
        intent=None if each.order is None else seal(each.order, signer),
    )


def _record(state: State, envelope: Envelope, receipt: Receipt, alert: Alert, seq: int) -> Escalation:
    """No payload waits for an answer: the digest is the receipt's."""
    flow = state.flows.get(receipt.dfid)
    return Escalation(
        account=receipt.account,
        dfid=receipt.dfid,
        attempt=1 if flow is None else flow.attempt,
        reason=alert.reason,
        facts=alert.facts,
        payload_digest=opening.digest(envelope),
        mark=None,
        expires_at=_until(flow, alert.order),
        seq=seq,
        at=state.now,
        agent_id=None if alert.order is None else alert.order.agent_id,
    )


def _until(flow: Flow | None, order: Order | None) -> int:
    """How long the flow goes on; of one that is let go of, its order."""
    if flow is not None:
        return flow.expires_at
    assert order is not None, "a settled order is known by its flow"
    return order.valid_until
