"""What a failure half-way runs: orders from the contract's menu, ruled on by the gates, never by a model.

Each is a case without an agent's envelope: what it answers is the receipt, and its flow, agent and contract
are those of the order that failed. Live and replay share it; all it takes from outside is the mark of each
instrument, which rides in the RECEIPT entry.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from kernel import exact, opening
from kernel.case import Case, Stance
from kernel.claim import Claim, Inside
from kernel.failure import Failure, failure_of
from kernel.folds.receipts import apply, order_of, reserve
from kernel.judge import judge
from kernel.orders import ORDER_LIFE_US, order_for
from kernel.ruling import Ruling
from kernel.state.accounts import Account
from kernel.state.flows import COMPENSATION
from kernel.state.grants import Grant
from kernel.state.whole import State
from kernel.table import COMPENSATION as FACED
from rules.contract import Compensation
from schemas.models import (
    Action,
    Envelope,
    FlowOpened,
    Intent,
    KernelIntent,
    QuoteSeen,
    Receipt,
    TimeInForce,
    Usage,
    Verdict,
)

MarkOf = Callable[[str], QuoteSeen | None]
NO_USAGE = Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=0, inference_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensated:
    """One order of the menu and the ruling on it. order: unsigned, if accepted."""

    step_id: str
    action: Action
    instrument: str
    quantity: Decimal
    mark: QuoteSeen | None
    ruling: Ruling
    order: KernelIntent | None


def compensations(state: State, envelope: Envelope, seq: int, mark_of: MarkOf) -> tuple[Compensated, ...]:
    """Rule on what a receipt, not yet folded, makes the kernel do; empty when it tells of no failure.

    The cases see the account as the receipt leaves it, with what the orders before them reserved.
    """
    receipt = opening.surely(envelope, Receipt)
    failure = failure_of(state, receipt)
    if failure is None or failure.grant is None or failure.flow.opened is None:
        return ()
    account = copy.deepcopy(state.accounts[receipt.account])
    traded = dict(failure.flow.traded)
    note_traded(traded, failure.order.side, failure.order.instrument, receipt.quantity, failure.order.filled)
    apply(account, receipt)
    flow, found = opening.surely(failure.flow.opened, FlowOpened), []
    for number, (action, instrument, quantity) in enumerate(list(_menu(failure.policy, account, traded)), 1):
        intent = _intent(state, failure, flow, action, instrument, quantity)
        intent = replace(intent, step_id=f"{COMPENSATION}{failure.flow.compensations + number}")
        mark = mark_of(instrument)
        case = _case(state, failure.grant, account, flow, envelope, intent, mark, seq)
        ruling, order = judge(case, FACED), None
        if ruling.verdict is Verdict.ACCEPTED:
            order = replace(order_for(case), valid_until=state.now + ORDER_LIFE_US)  # it outlives its flow
            reserve(account, order.key, order_of(order, failure.order.agent_id))
        found.append(
            Compensated(
                step_id=intent.step_id, action=action, instrument=instrument, quantity=quantity, mark=mark,
                ruling=ruling, order=order,
            )
        )  # fmt: skip
    return tuple(found)


def note_traded(
    traded: dict[str, Decimal], side: str, instrument: str, filled: Decimal, before: Decimal
) -> None:
    """Add what an order newly filled (cumulative, and as it was before) to a flow's net quantities."""
    more = exact.minus(filled, before)
    signed = exact.negated(more) if side == "SELL" else more
    traded[instrument] = exact.plus(traded.get(instrument, exact.ZERO), signed)


def _menu(
    policy: Compensation, account: Account, traded: dict[str, Decimal]
) -> Iterator[tuple[Action, str, Decimal]]:
    """Action, instrument and quantity of each order, by instrument."""
    match policy:
        case Compensation.REVERT:
            for name in sorted(traded):
                quantity, held = traded[name], account.held(name)
                kept = min(quantity, exact.minus(held.quantity, held.reserved))
                if quantity < 0:
                    yield Action.BUY, name, exact.negated(quantity)
                elif kept > 0:
                    yield Action.SELL, name, kept
        case Compensation.CLOSE_ALL:
            for name, held in sorted(account.positions.items()):
                free = exact.minus(held.quantity, held.reserved)
                if free > 0:
                    yield Action.CLOSE, name, free
        case Compensation.ALERT_HUMAN | Compensation.NOOP:
            return
        case never:
            assert_never(never)


def _intent(
    state: State, failure: Failure, flow: FlowOpened, action: Action, instrument: str, quantity: Decimal
) -> Intent:
    """The order in the words the gates read. Its envelope is the contract's, for it asks no narrower one."""
    assert failure.grant is not None
    contract = failure.grant.contract
    return Intent(
        ledger=state.identity.ledger, account=failure.flow.account, lane=flow.lane,
        kind=contract.outputs[0], dfid=flow.dfid, flow_hash=failure.flow.flow_hash, step_id="",
        attempt=failure.flow.attempt, agent_id=failure.order.agent_id, contract_version=contract.version,
        action=action, instrument=instrument, quantity=quantity, time_in_force=TimeInForce.IOC,
        valid_from=state.now, valid_until=state.now + ORDER_LIFE_US,
        drift_envelope_bps=contract.drift.envelope_bps, state_hash=bytes(32), confidence=Decimal(1),
        usage=NO_USAGE, rounds=(), explain_commitment=bytes(32),
    )  # fmt: skip


def _case(
    state: State,
    grant: Grant,
    account: Account,
    flow: FlowOpened,
    receipt: Envelope,
    intent: Intent,
    mark: QuoteSeen | None,
    seq: int,
) -> Case:
    """A child's way back is no trade under its mandate: what ended the mandate must not keep anyone in."""
    flow = replace(flow, parent=None, parent_step=None, child_number=None)
    inside = Inside(window=None, answer=None, intent=intent, report=None)
    claim = Claim(
        flow_envelope=receipt, flow=flow, flow_hash=intent.flow_hash, body=receipt,
        digest=opening.digest(receipt), attestations=(), inside=inside,
    )  # fmt: skip
    woken = next((each for each in flow.woken if each.agent_id == intent.agent_id), None)
    return Case(
        state=state, claim=claim, seq=seq, intent=intent, known=state.flows[flow.dfid], account=account,
        agent_id=intent.agent_id, agent=state.agent(account.account, intent.agent_id), woken=woken,
        grant=grant, mark=mark, quote=None, approval=None, stance=Stance.REDUCING,
    )  # fmt: skip
