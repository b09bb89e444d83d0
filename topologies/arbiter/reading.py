"""What a record says and which flow it names; whose word it is comes first: no forger is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.envelope import opened
from schemas.codec import Unreadable
from schemas.models import AttestationRecord, Envelope, EvidenceRequest, FlowOpened, Intent, Report
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.arbiter.window import Key
from topologies.genuine import Fault, answer_in, attestation_in
from topologies.grants import Grants
from transport.log import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A genuine answer of a mesh agent."""

    key: Key
    envelope: Envelope
    said: Intent | Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for evidence; its claim may be forged, and is then the kernel's to refuse by name."""

    key: Key
    request: EvidenceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """A genuine finding of an attestor."""

    key: Key
    envelope: Envelope


Message = Heard | Asked | Attested


def read(record: Record, grants: Grants) -> Message | Fault:
    """The message in a record of one of the answering topics, or why there is none."""
    try:
        match record.topic:
            case "mesh.proposals":
                return _heard(grants.ids.unpack(Envelope, record.value), grants)
            case "evidence.attestations":
                return _attested(grants.ids.unpack(AttestationRecord, record.value), grants)
            case "evidence.requests":
                return _asked(grants.ids.unpack(EvidenceRequest, record.value))
            case _:
                raise AssertionError(f"{record.topic} is no input of the arbiter")
    except Refused as error:
        return Fault(reason=error.reason, detail=error.detail)
    except Unreadable as error:
        return Fault(reason=QuarantineReason.UNREADABLE, detail=str(error))


def _heard(envelope: Envelope, grants: Grants) -> Heard | Fault:
    said = answer_in(envelope, grants)
    if isinstance(said, Fault):
        return said
    return Heard(key=(said.dfid, said.attempt), envelope=envelope, said=said)


def _attested(found: AttestationRecord, grants: Grants) -> Attested | Fault:
    said = attestation_in(found.attestation, grants)
    if isinstance(said, Fault):
        return said
    return Attested(key=(said.dfid, said.attempt), envelope=found.attestation)


def _asked(request: EvidenceRequest) -> Asked:
    flow = opened(request.flow.flow, FlowOpened)
    return Asked(key=(flow.dfid, flow.attempt), request=request)
