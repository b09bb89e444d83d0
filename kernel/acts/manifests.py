"""Does a worker's hello fit what was granted? Without an accepted one its proposals are refused."""

from __future__ import annotations

from kernel import opening
from kernel.acts.signers import signer_of
from kernel.state.whole import State
from schemas.kinds import Role
from schemas.majors import shared
from schemas.models import Envelope, Manifest
from schemas.reasons import ControlReason, Reason


def judge_manifest(state: State, envelope: Envelope, seq: int) -> Reason:
    """NONE when accepted. MALFORMED, KEY_NOT_VALID and BAD_SIGNATURE bind nobody: no entry is written."""
    hello = opening.read(envelope, Manifest)
    if hello is None:
        return Reason.MALFORMED
    key = signer_of(state, envelope, (Role.AGENT, Role.ATTESTOR), seq)
    if isinstance(key, ControlReason):
        return Reason[key.name]
    if hello.agent_id not in key.bound:
        return Reason.KEY_NOT_VALID
    if hello.ledger != state.identity.ledger:
        return Reason.WRONG_LEDGER
    if not shared(hello.schema_majors):
        return Reason.VERSION_MISMATCH
    if key.role is Role.ATTESTOR:
        return Reason.NONE  # an attestor proposes nothing, so no contract speaks of it
    grant = state.grants.contract(hello.agent_id, hello.contract_version)
    if grant is None or grant.digest != hello.contract_hash:
        return Reason.VERSION_MISMATCH
    allowed = set(hello.policy_types) <= set(grant.contract.outputs)
    return Reason.NONE if allowed else Reason.VERSION_MISMATCH
