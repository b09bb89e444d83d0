"""A proof-carrying intent is believed for its evidence alone: one pure check, on the path and in the kernel.

The path uses it to refuse early; the kernel's gates use it because they trust nobody. What is wrong is said
in the kernel's own reasons: those of gate 1 (whose word is it) and of gate 8 (does it prove the claim).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.envelope import opened, signed_by, well_formed
from ledger.hashes import evidence_hash, state_hash
from ledger.keys import KeyRing
from schemas.codec import Unreadable, encode
from schemas.kinds import Role
from schemas.models import Attestation, Envelope, FlowOpened, Intent, IntentKind
from schemas.reasons import Reason

ATTESTATIONS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """All that a proof is checked against; nothing is looked up.

    h_flow: of the genuine flow; digest: SHA-256 of the intent's PAE; contract_hash and rules_hash: those in
    force for this flow (32 bytes each); tiers: what the contract requires; keys: the history up to `seq`.
    """

    flow: FlowOpened
    h_flow: bytes
    intent: Intent
    digest: bytes
    contract_hash: bytes
    rules_hash: bytes
    attestations: Sequence[Envelope]
    tiers: Sequence[str]
    keys: KeyRing
    seq: int


def check_proof(claim: Claim) -> tuple[Reason, ...]:
    """Return every reason to refuse, in the order of the law; none means proven.

    WRONG_LEDGER, WRONG_ACCOUNT, KEY_NOT_VALID, BAD_SIGNATURE, MALFORMED; SNAPSHOT_, CONTRACT_, RULES_ and
    EVIDENCE_MISMATCH, EVIDENCE_MISSING (article, section on proof-carrying intents).
    """
    found = [*binding(claim), *_own_hashes(claim), *_attested(claim)]
    return tuple(sorted(set(found)))


def binding(claim: Claim) -> list[Reason]:
    """Return what is wrong with the bond of any intent to its flow, contract and rules, whatever its kind."""
    flow, intent = claim.flow, claim.intent
    found = []
    if intent.ledger != flow.ledger:
        found.append(Reason.WRONG_LEDGER)
    if intent.account != flow.account:
        found.append(Reason.WRONG_ACCOUNT)
    if (intent.dfid, intent.attempt, intent.flow_hash) != (flow.dfid, flow.attempt, claim.h_flow):
        found.append(Reason.SNAPSHOT_MISMATCH)
    if intent.state_hash != state_hash(encode(flow.snapshot)):
        found.append(Reason.SNAPSHOT_MISMATCH)
    woken = {each.agent_id: each.contract_hash for each in flow.woken}
    if woken.get(intent.agent_id) != claim.contract_hash:
        found.append(Reason.CONTRACT_MISMATCH)
    if flow.snapshot.rules_hash != claim.rules_hash:
        found.append(Reason.RULES_MISMATCH)
    return found


def _own_hashes(claim: Claim) -> list[Reason]:
    """The 112 bytes are made here from what is known, never from what the intent says of itself."""
    intent = claim.intent
    if intent.kind is not IntentKind.PCI or intent.evidence is None:
        return [Reason.EVIDENCE_MISSING]
    h_state = state_hash(encode(claim.flow.snapshot))
    expected = evidence_hash(claim.flow.dfid, h_state, claim.contract_hash, claim.rules_hash)
    return [] if intent.evidence == expected else [Reason.EVIDENCE_MISMATCH]


def _attested(claim: Claim) -> list[Reason]:
    if len(claim.attestations) > ATTESTATIONS_MAX:
        return [Reason.MALFORMED]
    found: list[Reason] = []
    tiers: set[str] = set()
    for envelope in claim.attestations:
        verdict = attestation(envelope, claim)
        if isinstance(verdict, Attestation):
            tiers.add(verdict.tier)
        else:
            found.append(verdict)
    if not set(claim.tiers) <= tiers:
        found.append(Reason.EVIDENCE_MISSING)
    return found


def attestation(envelope: Envelope, claim: Claim) -> Attestation | Reason:
    """Return an attestation that speaks for this intent, or why it does not."""
    try:
        said = opened(envelope, Attestation)
    except Unreadable:
        return Reason.MALFORMED
    if not well_formed(envelope) or len(envelope.signatures) != 1:
        return Reason.MALFORMED
    key = claim.keys.valid(envelope.signatures[0].keyid, Role.ATTESTOR, claim.seq)
    if key is None or said.attestor_id not in key.bound:
        return Reason.KEY_NOT_VALID
    if not signed_by(envelope, key.public):
        return Reason.BAD_SIGNATURE
    if said.ledger != claim.flow.ledger:
        return Reason.WRONG_LEDGER
    same = (said.account, said.dfid, said.attempt, said.intent_digest) == (
        claim.flow.account,
        claim.flow.dfid,
        claim.flow.attempt,
        claim.digest,
    )
    return said if same and said.agrees else Reason.EVIDENCE_MISMATCH
