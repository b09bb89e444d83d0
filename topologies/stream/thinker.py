"""From a record on `flows.sds` to the records that answer it: everything of the worker but the waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.answers import Spoken
from schemas.models import Envelope, FlowRecord, Lane, Proposal, WokenAgent
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


class StreamPen(Pen, Protocol):
    """A pen that answers several questions in one turn, each as if it were asked alone."""

    def seals(self, messages: Sequence[object]) -> list[Envelope]:
        """Sign messages as this agent, in their order."""
        ...

    def salts(self, steps: Sequence[tuple[bytes, str, int]]) -> list[bytes]:
        """The salts of this agent's explanations: DFID, step, attempt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A flow that this agent was woken by."""

    flow: Flow
    woken: WokenAgent
    partition: int

    @property
    def step(self) -> tuple[bytes, str, int]:
        """What its explanation is salted for."""
        opened = self.flow.opened
        return opened.dfid, opened.steps[0], opened.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamThinker:
    """The stream agent at work.

    wait: catches up with the registry until its argument holds or time is up; now: micros UTC of the ledger.
    """

    ledger: bytes
    grants: Grants
    pen: StreamPen
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
        said = iter(self._said([each for each in read if isinstance(each, Asked)]))
        return [next(said) if isinstance(each, Asked) else each for each in read]

    def _said(self, asked: Sequence[Asked]) -> list[Said]:
        """Every answer; the signer, a process of its own, is asked twice and not twice for each."""
        if not asked:
            return []
        salts = self.pen.salts([each.step for each in asked])
        # None: its contract was not released here in time, and the answer says so.
        pendings = [self._pending(each, salt) for each, salt in zip(asked, salts, strict=True)]
        those = [each for each in pendings if each is not None]
        heard = iter(answered(those, self.speaker, lambda: self.grants.in_force(AGENT), self.now))
        spoken = [
            contract_unknown(each.flow, each.woken, salt) if found is None else next(heard)
            for each, salt, found in zip(asked, salts, pendings, strict=True)
        ]
        sealed = self.pen.seals([each.body for each in spoken])
        return [self._records(*each) for each in zip(asked, spoken, sealed, strict=True)]

    def _read(self, record: Record) -> Asked | Fault | None:
        flow = self._flow(record)
        if isinstance(flow, Fault) and flow.reason in CURABLE:
            self.wait(lambda _: isinstance(self._flow(record), Flow))
            flow = self._flow(record)
        if isinstance(flow, Fault):
            return flow
        woken = woken_in(flow, AGENT)
        return None if woken is None else Asked(flow=flow, woken=woken, partition=record.partition)

    def _pending(self, asked: Asked, salt: bytes) -> Pending | None:
        flow, woken = asked.flow, asked.woken
        self.wait(lambda grants: law_of(flow.opened, woken, grants) is not None)
        return pending(flow, woken, self.grants, salt, self.now())

    def _flow(self, record: Record) -> Flow | Fault:
        try:
            read = self.grants.ids.unpack(FlowRecord, record.value)
        except Refused as error:
            return Fault(reason=error.reason, detail=error.detail)
        return genuine_flow(read, self.ledger, Lane.SDS, self.grants)

    def _records(self, asked: Asked, spoken: Spoken, sealed: Envelope) -> Said:
        flow, partition = asked.flow, asked.partition
        proposal = Proposal(flow=flow.record.flow, body=sealed, attestations=())
        key = flow.opened.account.encode()
        value = self.grants.ids.pack(proposal)
        what = Produce(topic="proposals", partition=partition, key=key, value=value)
        return Said(parts=((explanation(flow, spoken, self.grants, partition),), (what,)))
