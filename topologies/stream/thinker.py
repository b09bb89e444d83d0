"""From a record on `flows.sds` to the records that answer it: everything of the worker but the waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.answers import Spoken
from agents.model.spoken import Speaker
from schemas.models import FlowRecord, Lane, Proposal
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.genuine import Fault, Flow, genuine_flow
from topologies.grants import Grants
from topologies.law import law_of
from topologies.stream.thinking import AGENT, think
from topologies.thinker import Pen, Said
from topologies.thinking import contract_unknown, explanation, woken_in
from transport.log import Produce, Record

CURABLE = (QuarantineReason.UNKNOWN_SCHEMA, QuarantineReason.KEY_NOT_VALID)
"""Faults that a registry read a moment later may take away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamThinker:
    """The stream agent at work.

    wait: catches up with the registry until its argument holds or time is up; now: micros UTC of the ledger.
    """

    ledger: bytes
    grants: Grants
    pen: Pen
    speaker: Speaker
    wait: Callable[[Callable[[Grants], bool]], bool]
    now: Callable[[], int]

    def answer(self, record: Record) -> Said | Fault | None:
        """The answer to a flow; Fault for what cannot be read; None when this agent was not woken."""
        flow = self._flow(record)
        if isinstance(flow, Fault) and flow.reason in CURABLE:
            self.wait(lambda _: isinstance(self._flow(record), Flow))
            flow = self._flow(record)
        if isinstance(flow, Fault):
            return flow
        woken = woken_in(flow, AGENT)
        if woken is None:
            return None
        opened = flow.opened
        salt = self.pen.salt(opened.dfid, opened.steps[0], opened.attempt)
        self.wait(lambda grants: law_of(opened, woken, grants) is not None)
        spoken = think(flow, woken, self.grants, self.speaker, salt, self.now())
        return self._said(flow, spoken or contract_unknown(flow, woken, salt), record.partition)

    def _flow(self, record: Record) -> Flow | Fault:
        try:
            read = self.grants.ids.unpack(FlowRecord, record.value)
        except Refused as error:
            return Fault(reason=error.reason, detail=error.detail)
        return genuine_flow(read, self.ledger, Lane.SDS, self.grants)

    def _said(self, flow: Flow, spoken: Spoken, partition: int) -> Said:
        proposal = Proposal(flow=flow.record.flow, body=self.pen.seal(spoken.body), attestations=())
        key = flow.opened.account.encode()
        value = self.grants.ids.pack(proposal)
        what = Produce(topic="proposals", partition=partition, key=key, value=value)
        return Said(parts=((explanation(flow, spoken, self.grants, partition),), (what,)))
