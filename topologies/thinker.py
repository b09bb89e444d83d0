"""From a record on a flow topic to the records that answer it: everything of a worker but the waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agents.answers import Spoken
from schemas.models import Envelope, EvidenceRequest, FlowRecord, Lane
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.genuine import Fault, Flow, genuine_flow
from topologies.grants import Grants
from topologies.law import law_of
from topologies.thinking import ROLES, Role, contract_unknown, explanation, think, woken_in
from transport.log import Produce, Record

FLOWS = {Lane.EOAM: "flows.eoam", Lane.SDS: "flows.sds", Lane.DLPCI: "flows.dlpci"}
ANSWERS = {Lane.EOAM: "mesh.proposals", Lane.DLPCI: "evidence.requests"}


class Pen(Protocol):
    """What signs for an agent: its signer process, or the key itself in a test."""

    def seal(self, message: object) -> Envelope:
        """Sign a message as this agent."""
        ...

    def salt(self, dfid: bytes, step_id: str, attempt: int) -> bytes:
        """The salt of this agent's explanation of one step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What must be delivered in this order, each part before the next: first the reason, then the answer."""

    parts: tuple[tuple[Produce, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinker:
    """One agent at work. ``wait`` catches up with the registry until its argument holds or time is up."""

    agent_id: str
    ledger: bytes
    grants: Grants
    pen: Pen
    wait: Callable[[Callable[[Grants], bool]], bool]

    @property
    def role(self) -> Role:
        """What this agent does."""
        return ROLES[self.agent_id]

    def answer(self, record: Record) -> Said | Fault | None:
        """The answer to a flow; Fault for what cannot be read; None when this agent was not woken."""
        flow = self.flow(record)
        if not isinstance(flow, Flow):
            return flow
        woken = woken_in(flow, self.agent_id)
        if woken is None:
            return None
        opened = flow.opened
        salt = self.pen.salt(opened.dfid, opened.steps[0], opened.attempt)
        self.wait(lambda grants: law_of(opened, woken, grants) is not None)
        spoken = think(self.role, flow, woken, self.grants, salt) or contract_unknown(flow, woken, salt)
        return self.said(flow, spoken, record)

    def flow(self, record: Record) -> Flow | Fault:
        """The genuine flow in a record, or why there is none; what the registry may cure is tried twice."""
        found = self._flow(record)
        curable = (QuarantineReason.UNKNOWN_SCHEMA, QuarantineReason.KEY_NOT_VALID)
        if isinstance(found, Fault) and found.reason in curable:
            self.wait(lambda _: isinstance(self._flow(record), Flow))
            found = self._flow(record)
        return found

    def _flow(self, record: Record) -> Flow | Fault:
        try:
            read = self.grants.ids.unpack(FlowRecord, record.value)
        except Refused as error:
            return Fault(reason=error.reason, detail=error.detail)
        return genuine_flow(read, self.ledger, self.role.lane, self.grants)

    def said(self, flow: Flow, spoken: Spoken, record: Record) -> Said:
        """The explanation, and after it the signed answer, both in the partition of the flow's account."""
        why = explanation(flow, spoken, self.grants, record.partition)
        envelope = self.pen.seal(spoken.body)
        body: object = envelope
        if self.role.lane is Lane.DLPCI:
            body = EvidenceRequest(flow=flow.record, intent=envelope)
        what = Produce(
            topic=ANSWERS[self.role.lane],
            partition=record.partition,
            key=flow.opened.account.encode(),
            value=self.grants.ids.pack(body),
        )
        return Said(parts=((why,), (what,)))
