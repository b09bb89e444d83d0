"""Whose word is it: every signature a case rests on, against the key history at this sequence."""

from __future__ import annotations

from kernel import opening
from kernel.case import Case
from ledger.keys import Key
from schemas.codec import Unreadable, decode
from schemas.kinds import Role
from schemas.models import Attestation, Envelope, Instruction, Intent, Report
from schemas.reasons import Reason

OFFICES = {"arbiter": Role.ARBITER, "selector": Role.SELECTOR}


def signatures(case: Case) -> Reason | None:
    """What is wrong with the flow's or the body's own signature; None when both hold."""
    claim = case.claim
    if is_new(case):
        fault = fault_of(case, claim.flow_envelope, Role.SELECTOR, None) or instructed(case)
        if fault is not None:
            return fault
    if claim.window is not None:
        return fault_of(case, claim.body, Role.ARBITER, None)
    return fault_of(case, claim.body, *_author(case.agent_id))


def is_new(case: Case) -> bool:
    """Whether the context is not in the ledger yet: one that is was checked when it came."""
    return case.known is None or case.claim.flow_hash not in case.known.contexts


def instructed(case: Case) -> Reason | None:
    """What is wrong with the instruction a flow was woken by: it must be its principal's own word, here."""
    raw, flow = case.flow.trigger.instruction, case.flow
    if raw is None:
        return None
    try:
        envelope = decode(Envelope, raw)
    except Unreadable:
        return Reason.MALFORMED
    said = opening.read(envelope, Instruction)
    if said is None or said.instruction_id != flow.trigger.signal_id:
        return Reason.MALFORMED
    if said.ledger != case.state.identity.ledger:
        return Reason.WRONG_LEDGER
    if said.account != flow.account:
        return Reason.WRONG_ACCOUNT
    return fault_of(case, envelope, Role.PRINCIPAL, said.account)


def attested(case: Case) -> Reason | None:
    """What is wrong with a signature inside: an answer of the window, an attestation beside a proof."""
    window = case.claim.window
    for answer in () if window is None else window.answers:
        said = opening.read(answer, Intent) or opening.read(answer, Report)
        if said is None:
            return Reason.MALFORMED
        fault = fault_of(case, answer, Role.AGENT, said.agent_id)
        if fault is not None:
            return fault
    for each in case.claim.attestations:
        finding = opening.read(each, Attestation)
        if finding is None:
            return Reason.MALFORMED
        fault = fault_of(case, each, Role.ATTESTOR, finding.attestor_id)
        if fault is not None:
            return fault
    return None


def fault_of(case: Case, envelope: Envelope, role: Role, bound: str | None) -> Reason | None:
    """KEY_NOT_VALID or BAD_SIGNATURE; None when the one signature is that of a key in force."""
    key = holder(case, envelope, role)
    if key is None or (bound is not None and bound not in key.bound):
        return Reason.KEY_NOT_VALID
    return None if opening.verified(envelope, key.public) else Reason.BAD_SIGNATURE


def holder(case: Case, envelope: Envelope, role: Role) -> Key | None:
    """The key in force in that role which the one signature names."""
    if len(envelope.signatures) != 1:
        return None
    return case.state.registry.keys.valid(envelope.signatures[0].keyid, role, case.seq)


def _author(agent_id: str) -> tuple[Role, str | None]:
    office = OFFICES.get(agent_id)
    return (Role.AGENT, agent_id) if office is None else (office, None)
