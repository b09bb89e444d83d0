"""What the world is told of a ruling: verdicts, orders, escalations, views; all framed, all on our shard."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kernel.acts.persons import persons_for
from kernel.case import Case
from kernel.diffs import holding_diff
from kernel.outcome import Decided
from kernel.state.accounts import WHOLE
from kernel.state.flows import Flow
from kernel.state.whole import State
from kernel.views import record_of
from ledger.hashes import idempotency_key
from schemas.models import (
    Action,
    Envelope,
    Escalation,
    Fact,
    Intent,
    KernelIntent,
    Mark,
    TimeInForce,
    Verdict,
    VerdictRecord,
)
from schemas.wire import SchemaIds
from transport.log import Produce


class Announcer:
    """Makes the kernel's records for one shard; ``ids`` are those the registry has released so far."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def ids(self) -> SchemaIds:
        """Schema ids as they stand now."""
        return self._state.registry.schema_ids

    def produce(self, topic: str, account: str, message: Any) -> Produce:
        """A framed record keyed by account."""
        partition = self._state.identity.shard
        return Produce(topic=topic, partition=partition, key=account.encode(), value=self.ids.pack(message))

    def verdict(self, case: Case, decided: Decided, seq: int) -> Produce:
        """What was ruled, for the selector and for people."""
        intent, report, ruling = case.intent, case.claim.report, decided.ruling
        said = intent if intent is not None else report
        prior = ruling.prior
        record = VerdictRecord(
            account=case.flow.account,
            dfid=case.flow.dfid,
            attempt=case.flow.attempt,
            agent_id=case.agent_id,
            lane=case.flow.lane,
            action=None if intent is None else intent.action,
            verdict=ruling.verdict,
            reason=decided.lane_reason if ruling.verdict is Verdict.REPORTED else int(ruling.reason),
            facts=ruling.facts,
            reopens=decided.reopens,
            flow_status=decided.flow_status,
            intent_key=ruling.key if decided.order is None else decided.order.key,
            outcome=None if prior is None else self._known(case, prior, ruling.key),
            explain_commitment=None if said is None else said.explain_commitment,
            seq=seq,
            at=case.now,
        )
        return self.produce("kernel.verdicts", case.flow.account, record)

    def _known(self, case: Case, prior: Verdict, key: bytes | None) -> str:
        """What a redelivery is told: the receipt so far, PENDING in flight, else the prior verdict."""
        order = None if case.account is None or key is None else case.account.orders.get(key)
        if order is None:
            return prior.value
        return "PENDING" if order.status is None else order.status.value

    def intent(self, account: str, sealed: Envelope) -> Produce:
        """A signed order for the executor."""
        return self.produce("kernel.intents", account, sealed)

    def escalation(self, case: Case, reason: int, facts: tuple[Fact, ...], seq: int) -> Produce:
        """What waits for a person."""
        mark, intent = case.mark, case.intent
        instrument = None if intent is None else intent.instrument
        shown = (
            None
            if mark is None or instrument is None
            else Mark(
                instrument=instrument,
                bid=mark.bid,
                ask=mark.ask,
                event_time=mark.event_time,
                partition=mark.partition,
                offset=mark.offset,
            )
        )
        record = Escalation(
            account=case.flow.account,
            dfid=case.flow.dfid,
            attempt=case.flow.attempt,
            reason=reason,
            facts=facts,
            payload_digest=case.claim.digest,
            mark=shown,
            expires_at=case.flow.flow_expires_at,
            seq=seq,
            at=case.now,
            agent_id=case.agent_id,
            body=case.claim.body,
            diff=holding_diff(case),
            persons=persons_for(case.state, case.flow, case.claim.intent),
        )
        return self.produce("escalations", case.flow.account, record)

    def views(self) -> list[Produce]:
        """The views of all accounts that changed since the last call."""
        names = sorted(self._state.touched)
        self._state.touched.clear()
        accounts = [self._state.accounts[name] for name in names if name in self._state.accounts]
        return [
            self.produce("accounts.view", account.account, record_of(self._state, account))
            for account in accounts
        ]


def attempts_of(flow: Flow) -> tuple[Fact, ...]:
    """Every attempt's reason and figures, by attempt."""
    found: list[Fact] = []
    for each in flow.refusals:
        name = f"attempt_{each.attempt}"
        found.append(Fact(name=f"{name}_reason", value=Decimal(each.reason)))
        found += [Fact(name=f"{name}_{fact.name}", value=fact.value) for fact in each.facts]
    return tuple(found)


def cancels_of(case: Case, halt: Intent) -> list[KernelIntent]:
    """The orders that take back what a HALT finds accepted and not yet said to be sent, in order of key."""
    account = case.state.accounts[halt.account]
    scope = halt.instrument or WHOLE
    found = []
    for key, order in sorted(account.orders.items()):
        if order.status is not None or scope not in (WHOLE, order.instrument):
            continue
        name = idempotency_key(
            dfid=halt.dfid,
            step_id=halt.step_id,
            account=halt.account,
            action=Action.CANCEL.value,
            instrument=key.hex(),
            quantity=None,
        )
        found.append(_cancel(case, halt, name, key, order.instrument))
    return found


def _cancel(case: Case, halt: Intent, name: bytes, key: bytes, instrument: str) -> KernelIntent:
    zero = halt.quantity
    return KernelIntent(
        ledger=halt.ledger,
        account=halt.account,
        dfid=halt.dfid,
        step_id=halt.step_id,
        attempt=halt.attempt,
        key=name,
        action=Action.CANCEL,
        instrument=instrument,
        side="",
        quantity=zero,
        limit_price=zero,
        time_in_force=TimeInForce.IOC,
        valid_until=case.flow.flow_expires_at,
        quote=Mark(instrument=instrument, bid=zero, ask=zero, event_time=0, partition=0, offset=0),
        cancels=key,
        seq=case.seq,
        at=case.now,
    )
