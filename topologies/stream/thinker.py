"""From a record on `flows.sds` to the records that answer it: everything of the worker but the waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.answers import Spoken
from schemas.models import FlowRecord, Lane, Proposal
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.genuine import Fault, Flow, genuine_flow
from topologies.grants import Grants
from topologies.law import law_of
from topologies.stream.thinking import AGENT, Pending, answered, pending
from topologies.stream.voice import Speaking
from topologies.thinker import Pen, Said
from topologies.thinking import contract_unknown, explanation, woken_in
from transport.log import Produce, Record

CURABLE = (QuarantineReason.UNKNOWN_SCHEMA, QuarantineReason.KEY_NOT_VALID)
"""Faults that a registry read a moment later may take away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A flow whose contract was not released here in time, and the answer that says so."""

    flow: Flow
    spoken: Spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamThinker:
    """The stream agent at work.

    wait: catches up with the registry until its argument holds or time is up; now: micros UTC of the ledger.
    """

    ledger: bytes
    grants: Grants
    pen: Pen
    speaker: Speaking
    wait: Callable[[Callable[[Grants], bool]], bool]
    now: Callable[[], int]

    def answer(self, record: Record) -> Said | Fault | None:
        """The answer to one flow."""
        return self.answer_all([record])[0]

    def answer_all(self, records: Sequence[Record]) -> list[Said | Fault | None]:
        """An answer to each flow, in their order, from one inference; the same bytes as one by one.

        Fault for what cannot be read; None where this agent was not woken.
        """
        read = [self._read(record) for record in records]
        those = [each for each in read if isinstance(each, Pending)]
        spoken = iter(answered(those, self.speaker, lambda: self.grants.in_force(AGENT), self.now))
        said: list[Said | Fault | None] = []
        for record, each in zip(records, read, strict=True):
            match each:
                case Pending():
                    said.append(self._said(each.flow, next(spoken), record.partition))
                case Unread():
                    said.append(self._said(each.flow, each.spoken, record.partition))
                case _:
                    said.append(each)
        return said

    def _read(self, record: Record) -> Pending | Unread | Fault | None:
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
        found = pending(flow, woken, self.grants, salt, self.now())
        return found or Unread(flow=flow, spoken=contract_unknown(flow, woken, salt))

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
