"""What an attestor is asked, and what it signs: a finding on a genuine claim, silence on any other."""

from __future__ import annotations

from dataclasses import dataclass

from agents.heuristic import attest
from schemas.models import AttestationRecord, EvidenceRequest, Intent, Lane
from schemas.wire import Refused
from topologies.genuine import Fault, Flow, answer_in, fits, genuine_flow
from topologies.grants import Grants
from topologies.thinker import Pen, Said
from transport.log import Produce, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestor:
    """The heuristic attestor at work, under its own key."""

    ledger: bytes
    grants: Grants
    pen: Pen

    def answer(self, record: Record) -> Said | Fault | None:
        """The signed finding; Fault for what cannot be read; None for what needs none.

        A forged claim gets no finding and no quarantine record from here: the arbiter hands it to the kernel,
        which refuses it by name, and one record of it is enough.
        """
        try:
            request = self.grants.ids.unpack(EvidenceRequest, record.value)
        except Refused as error:
            return Fault(reason=error.reason, detail=error.detail)
        flow = genuine_flow(request.flow, self.ledger, Lane.DLPCI, self.grants)
        claim = answer_in(request.intent, self.grants)
        if not isinstance(flow, Flow) or not isinstance(claim, Intent) or fits(claim, flow) is not None:
            return None
        finding = self.pen.seal(attest(request, flow.opened, claim))
        produce = Produce(
            topic="evidence.attestations",
            partition=record.partition,
            key=flow.opened.account.encode(),
            value=self.grants.ids.pack(AttestationRecord(attestation=finding)),
        )
        return Said(parts=((produce,),))
