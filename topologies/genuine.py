"""Whose word is it: flows, answers and attestations are believed for their signatures alone."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.envelope import PAYLOAD_TYPES, opened, signed_by, well_formed
from ledger.hashes import flow_hash
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import Attestation, Envelope, FlowOpened, FlowRecord, Intent, Lane, Report
from schemas.reasons import QuarantineReason
from topologies.grants import Grants


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record goes to quarantine; ``detail`` is for operators and decides nothing."""

    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A genuine flow: what the selector signed, H_flow, and the record with the texts beside it."""

    opened: FlowOpened
    h_flow: bytes
    record: FlowRecord


def genuine_flow(record: FlowRecord, ledger: bytes, lane: Lane, grants: Grants) -> Flow | Fault:
    """The flow in a record, or why it is not believed: unreadable, not the selector's, another ledger's."""
    try:
        flow = opened(record.flow, FlowOpened)
    except Unreadable as error:
        return Fault(reason=QuarantineReason.UNREADABLE, detail=str(error))
    fault = signature_fault(record.flow, Role.SELECTOR, None, grants)
    if fault is not None:
        return fault
    if flow.ledger != ledger:
        return Fault(reason=QuarantineReason.WRONG_LEDGER, detail=flow.ledger.hex())
    if flow.lane is not lane or not flow.steps:
        return Fault(reason=QuarantineReason.MALFORMED, detail=f"a flow of lane {flow.lane} among {lane}'s")
    return Flow(opened=flow, h_flow=flow_hash(record.flow.payload), record=record)


def signature_fault(envelope: Envelope, role: Role, bound: str | None, grants: Grants) -> Fault | None:
    """Why the one signature on an envelope is not that of a key of ``role`` (bound to ``bound``); or None."""
    if not well_formed(envelope) or len(envelope.signatures) != 1:
        return Fault(reason=QuarantineReason.BAD_SIGNATURE, detail="exactly one signature is wanted")
    keyid = envelope.signatures[0].keyid
    public = grants.public(keyid, role, bound)
    if public is None:
        detail = f"{keyid.hex()} is no key of {role.name} {bound or ''} in force"
        return Fault(reason=QuarantineReason.KEY_NOT_VALID, detail=detail)
    if not signed_by(envelope, public):
        return Fault(reason=QuarantineReason.BAD_SIGNATURE, detail=f"not the signature of {keyid.hex()}")
    return None


def answer_in(envelope: Envelope, grants: Grants) -> Intent | Report | Fault:
    """An agent's signed answer, or why it is none; whether it fits a flow is another question."""
    try:
        if envelope.payload_type == PAYLOAD_TYPES[Report]:
            said: Intent | Report = opened(envelope, Report)
        else:
            said = opened(envelope, Intent)
    except Unreadable as error:
        return Fault(reason=QuarantineReason.UNREADABLE, detail=str(error))
    return signature_fault(envelope, Role.AGENT, said.agent_id, grants) or said


def attestation_in(envelope: Envelope, grants: Grants) -> Attestation | Fault:
    """An attestor's signed finding, or why it is none."""
    try:
        said = opened(envelope, Attestation)
    except Unreadable as error:
        return Fault(reason=QuarantineReason.UNREADABLE, detail=str(error))
    return signature_fault(envelope, Role.ATTESTOR, said.attestor_id, grants) or said


def fits(said: Intent | Report, flow: Flow) -> Fault | None:
    """Why a genuine answer does not belong to the flow, or None."""
    opened_flow = flow.opened
    if said.ledger != opened_flow.ledger:
        return Fault(reason=QuarantineReason.WRONG_LEDGER, detail=said.ledger.hex())
    woken = {each.agent_id: each.version for each in opened_flow.woken}
    same = (
        (said.account, said.lane) == (opened_flow.account, opened_flow.lane)
        and (said.dfid, said.attempt, said.flow_hash) == (opened_flow.dfid, opened_flow.attempt, flow.h_flow)
        and said.step_id in opened_flow.steps
        and woken.get(said.agent_id) == said.contract_version
    )
    if same:
        return None
    detail = f"{said.agent_id} {said.contract_version}: not an answer to this flow as it was opened"
    return Fault(reason=QuarantineReason.MALFORMED, detail=detail)
