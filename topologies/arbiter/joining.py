"""What one more record does to a window: nothing yet, or the one thing that leaves it, or a fault."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.envelope import digest, seal
from ledger.signing import Signer
from schemas.models import Envelope, EvidenceRequest, Intent, Lane, Proposal, Report
from schemas.reasons import LaneReason, QuarantineReason
from topologies.arbiter import arbitrating, proving
from topologies.arbiter.bounds import ATTESTATIONS_MAX, FORWARDED_MAX
from topologies.arbiter.window import Window
from topologies.genuine import Fault, answer_in, attestation_in, fits
from topologies.grants import Grants

Left = tuple[Proposal, ...]  # what leaves the window by this record: at most one proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the arbiter joins by: who may speak, and its own key."""

    grants: Grants
    signer: Signer

    def heard(self, window: Window, envelope: Envelope, said: Intent | Report, now: int) -> Left | Fault:
        """One genuine answer of a mesh agent: the first per agent in log order counts."""
        fault = fits(said, window.flow) or _again(window, envelope, said)
        if fault is not None:
            return fault
        if window.answered.get(said.agent_id) == digest(envelope):
            return ()  # a worker that was killed says it twice, and means it once
        if window.closed:
            return self._late(window, envelope, said, now)
        window.answers[said.agent_id] = envelope
        window.answered[said.agent_id] = digest(envelope)
        return self._window_record(window, now) if window.complete else ()

    def claimed(self, window: Window, request: EvidenceRequest, now: int) -> Left | Fault:
        """One request for evidence. What cannot pass goes to the kernel as it is, to be refused by name."""
        envelope = request.intent
        said = answer_in(envelope, self.grants)
        if isinstance(said, Fault) or fits(said, window.flow) is not None:
            return self._forwarded(window, request)
        if isinstance(said, Intent) and proving.claim_faults(window, envelope, said, self.grants):
            return self._forwarded(window, request)
        fault = _again(window, envelope, said)
        if fault is not None:
            return fault
        if window.answered.get(said.agent_id) == digest(envelope):
            return ()
        if window.closed:
            return _too_late(said)
        window.answered[said.agent_id] = digest(envelope)
        if isinstance(said, Report):
            window.close()
            return (Proposal(flow=window.flow.record.flow, body=envelope, attestations=()),)
        window.answers[said.agent_id] = envelope
        return self._found(window, now)

    def attested(self, window: Window, envelope: Envelope, now: int) -> Left | Fault:
        """One finding of an attestor; it may come before the claim it is about."""
        said = attestation_in(envelope, self.grants)
        if isinstance(said, Fault):
            return said
        flow = window.flow.opened
        if (said.ledger, said.account, Lane.DLPCI) != (flow.ledger, flow.account, flow.lane):
            return Fault(reason=QuarantineReason.MALFORMED, detail=f"{said.attestor_id}: not of this flow")
        if window.closed or digest(envelope) in window.attestations:
            return ()  # a finding on what has already left adds nothing: it was complete or overdue without
        if len(window.attestations) >= ATTESTATIONS_MAX:
            return Fault(reason=QuarantineReason.UNROUTED, detail=f"over {ATTESTATIONS_MAX} findings")
        window.attestations[digest(envelope)] = envelope
        return self._found(window, now)

    def overdue(self, window: Window, now: int) -> Left:
        """What a window leaves whose deadline has passed."""
        if window.flow.opened.lane is Lane.EOAM:
            return self._window_record(window, now)
        reason = LaneReason.EVIDENCE_ABSENT if window.answers else LaneReason.DEADLINE
        said = proving.report(window, reason, (), now)
        window.close()
        return (self._proposal(window, said, ()),)

    def _found(self, window: Window, now: int) -> Left:
        found = proving.finding(window, self.grants)
        match found:
            case None:
                return ()
            case proving.Proven():
                window.close()
                flow = window.flow.record.flow
                return (Proposal(flow=flow, body=found.intent, attestations=found.attestations),)
            case proving.Disputed():
                reason = LaneReason.COMPLIANT_LIE_SUSPECTED
                said = proving.report(window, reason, found.facts, now)
                window.close()
                return (self._proposal(window, said, (found.attestation,)),)

    def _window_record(self, window: Window, now: int) -> Left:
        said = arbitrating.closing_record(window, now)
        window.close()
        return (self._proposal(window, said, ()),)

    def _late(self, window: Window, envelope: Envelope, said: Intent | Report, now: int) -> Left | Fault:
        woken = next(each for each in window.flow.opened.woken if each.agent_id == said.agent_id)
        if not arbitrating.is_halt(envelope, woken):
            return _too_late(said)
        window.answered[said.agent_id] = digest(envelope)
        return (self._proposal(window, arbitrating.late_record(window, envelope, now), ()),)

    def _forwarded(self, window: Window, request: EvidenceRequest) -> Left | Fault:
        if window.forwarded >= FORWARDED_MAX:
            detail = f"{FORWARDED_MAX} claims of this flow that cannot pass were handed on"
            return Fault(reason=QuarantineReason.UNROUTED, detail=detail)
        window.forwarded += 1
        return (Proposal(flow=request.flow.flow, body=request.intent, attestations=()),)

    def _proposal(self, window: Window, said: object, attestations: tuple[Envelope, ...]) -> Proposal:
        body = seal(said, self.signer)
        return Proposal(flow=window.flow.record.flow, body=body, attestations=attestations)


def _again(window: Window, envelope: Envelope, said: Intent | Report) -> Fault | None:
    """A second, different answer of one agent to one flow is none: an agent that thinks twice acts once."""
    first = window.answered.get(said.agent_id)
    if first is None or first == digest(envelope):
        return None
    detail = f"{said.agent_id} has answered this attempt already, otherwise"
    return Fault(reason=QuarantineReason.UNROUTED, detail=detail)


def _too_late(said: Intent | Report) -> Fault:
    return Fault(reason=QuarantineReason.UNROUTED, detail=f"{said.agent_id} answered after its window closed")
