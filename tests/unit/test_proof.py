"""The proof checker: evidence is believed for its own bytes and its attestors' keys, for nothing else."""

from dataclasses import replace

import pytest

from ledger.envelope import digest, payload_of, seal
from ledger.evidence import Claim, check_proof
from ledger.hashes import flow_hash
from ledger.keys import KeyDocument, KeyRing
from schemas import models as m
from schemas.kinds import Role
from schemas.models import Envelope
from schemas.reasons import Reason
from tests.ledger_sample import ACCOUNT, CONTRACT, LEDGER, NOW, RULES, flow, intent, signer

OPENED = flow(0)
H_FLOW = flow_hash(payload_of(OPENED))
INTENT = intent(OPENED, H_FLOW)
DIGEST = digest(seal(INTENT, signer("agent")))


def ring() -> KeyRing:
    made = KeyRing.of_root(signer("root").public)
    for seq, name, role, by in (
        (1, "registry", Role.REGISTRY, "root"),
        (2, "heuristic", Role.ATTESTOR, "registry"),
        (3, "agent", Role.AGENT, "registry"),
    ):
        document = KeyDocument(public=signer(name).public, role=role, bound=(name,))
        grown = made.admit(seq, document, signer(by).keyid)
        assert isinstance(grown, KeyRing)
        made = grown
    return made


RING = ring()


def attested(by: str = "heuristic", **changed: object) -> Envelope:
    fields: dict[str, object] = {
        "ledger": LEDGER, "account": ACCOUNT, "dfid": OPENED.dfid, "attempt": 1, "intent_digest": DIGEST,
        "attestor_id": "heuristic", "tier": "heuristic", "agrees": True, "artifact_hash": bytes(32),
        "facts": (), "at": NOW,
    }  # fmt: skip
    return seal(m.Attestation(**{**fields, **changed}), signer(by))  # type: ignore[arg-type]  # any field may change


def claim(proposed: m.Intent = INTENT, **changed: object) -> Claim:
    whole = Claim(
        flow=OPENED, h_flow=H_FLOW, intent=proposed, digest=DIGEST, contract_hash=CONTRACT, rules_hash=RULES,
        attestations=(attested(),), tiers=("heuristic",), keys=RING, seq=9,
    )  # fmt: skip
    return replace(whole, **changed)  # type: ignore[arg-type]  # any field may change


def test_a_whole_proof_is_believed():
    assert check_proof(claim()) == ()


@pytest.mark.parametrize(
    ("made", "reasons"),
    [
        (claim(intent(OPENED, H_FLOW, evidence=bytes(32))), (Reason.EVIDENCE_MISMATCH,)),
        (claim(intent(OPENED, H_FLOW, evidence=None)), (Reason.EVIDENCE_MISSING,)),
        (claim(intent(OPENED, H_FLOW, kind=m.IntentKind.POLICY)), (Reason.EVIDENCE_MISSING,)),
        (claim(intent(OPENED, H_FLOW, state_hash=bytes(32))), (Reason.SNAPSHOT_MISMATCH,)),
        (claim(intent(OPENED, bytes(32))), (Reason.SNAPSHOT_MISMATCH,)),
        (claim(intent(OPENED, H_FLOW, account="paper-2")), (Reason.WRONG_ACCOUNT,)),
        (claim(intent(OPENED, H_FLOW, ledger=bytes(16))), (Reason.WRONG_LEDGER,)),
        (claim(contract_hash=bytes(32)), (Reason.CONTRACT_MISMATCH, Reason.EVIDENCE_MISMATCH)),
        (claim(rules_hash=bytes(32)), (Reason.RULES_MISMATCH, Reason.EVIDENCE_MISMATCH)),
        (claim(attestations=()), (Reason.EVIDENCE_MISSING,)),
        (claim(tiers=("heuristic", "source")), (Reason.EVIDENCE_MISSING,)),
        (claim(attestations=(attested(agrees=False),)), (Reason.EVIDENCE_MISMATCH, Reason.EVIDENCE_MISSING)),
        (
            claim(attestations=(attested(intent_digest=bytes(32)),)),
            (Reason.EVIDENCE_MISMATCH, Reason.EVIDENCE_MISSING),
        ),
        (claim(attestations=(attested(by="agent"),)), (Reason.KEY_NOT_VALID, Reason.EVIDENCE_MISSING)),
        (
            claim(attestations=(attested(attestor_id="source"),)),
            (Reason.KEY_NOT_VALID, Reason.EVIDENCE_MISSING),
        ),
        (claim(attestations=(attested(ledger=bytes(16)),)), (Reason.WRONG_LEDGER, Reason.EVIDENCE_MISSING)),
        (claim(seq=1), (Reason.KEY_NOT_VALID, Reason.EVIDENCE_MISSING)),
        (claim(attestations=(attested(),) * 9), (Reason.MALFORMED,)),
        (
            claim(attestations=(seal(INTENT, signer("heuristic")),)),
            (Reason.MALFORMED, Reason.EVIDENCE_MISSING),
        ),
    ],
)
def test_every_flaw_is_named_in_the_order_of_the_law(made, reasons):
    assert check_proof(made) == reasons


def test_an_attestation_with_changed_bytes_is_a_bad_signature():
    good, other = attested(), attested(tier="source")
    mixed = replace(other, payload=good.payload)
    assert check_proof(claim(attestations=(mixed,))) == (Reason.BAD_SIGNATURE, Reason.EVIDENCE_MISSING)
