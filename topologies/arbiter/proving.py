"""From a claim and what attestors found of it to the one thing that leaves: the proof, or a named refusal."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.envelope import digest, opened
from ledger.evidence import Claim, check_proof
from schemas.models import Attestation, Envelope, Fact, Intent, Report, ReportKind
from schemas.reasons import LaneReason, Reason
from topologies.arbiter.window import Window
from topologies.grants import Grants
from topologies.thinking import NO_USAGE

ARBITER = "arbiter"
NO_VERSION = "0.0.0"  # the arbiter acts under a role, not under a contract
NO_TEXT = bytes(32)  # its reports say everything in reason and facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A claim whose required tiers all agree, with the attestations that say so, in one order."""

    intent: Envelope
    attestations: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """A claim that an attestor contradicts, with the figures."""

    attestation: Envelope
    facts: tuple[Fact, ...]


def claim_faults(window: Window, envelope: Envelope, intent: Intent, grants: Grants) -> tuple[Reason, ...]:
    """What the proof checker has against a claim before any evidence; none: worth waiting for."""
    return _checked(window, envelope, intent, grants, (), ())


def finding(window: Window, grants: Grants) -> Proven | Disputed | None:
    """What the attestations say of the window's claim so far; None while a required tier is missing."""
    for envelope in window.answers.values():  # one prover: the first claim in log order is the only one
        intent = opened(envelope, Intent)
        about = _about(window, digest(envelope))
        for each, said in about:
            if not said.agrees:
                return Disputed(attestation=each, facts=said.facts)
        beside = tuple(each for each, _ in about)
        tiers = _tiers(window, intent.agent_id, grants)
        if tiers is not None and not _checked(window, envelope, intent, grants, beside, tiers):
            return Proven(intent=envelope, attestations=beside)
    return None


def report(window: Window, reason: LaneReason, facts: tuple[Fact, ...], now: int) -> Report:
    """The arbiter's own word on a lane that gave no proof."""
    flow = window.flow.opened
    return Report(
        ledger=flow.ledger,
        account=flow.account,
        lane=flow.lane,
        dfid=flow.dfid,
        flow_hash=window.flow.h_flow,
        step_id=flow.steps[0],
        attempt=flow.attempt,
        agent_id=ARBITER,
        contract_version=NO_VERSION,
        kind=ReportKind.REFUSED,
        reason=int(reason),
        facts=facts,
        usage=NO_USAGE,
        explain_commitment=NO_TEXT,
        at=now,
    )


def _about(window: Window, claimed: bytes) -> list[tuple[Envelope, Attestation]]:
    """The findings on one claim, sorted by attestor and tier; the first of each in log order is kept."""
    found = [(each, opened(each, Attestation)) for each in window.attestations.values()]
    about = [(each, said) for each, said in found if said.intent_digest == claimed]
    return sorted(about, key=lambda pair: (pair[1].attestor_id, pair[1].tier, digest(pair[0])))


def _tiers(window: Window, agent_id: str, grants: Grants) -> tuple[str, ...] | None:
    hashes = {each.agent_id: each.contract_hash for each in window.flow.opened.woken}
    contract = grants.contract(hashes[agent_id]) if agent_id in hashes else None
    return None if contract is None else contract.evidence_tiers


def _checked(
    window: Window,
    envelope: Envelope,
    intent: Intent,
    grants: Grants,
    attestations: tuple[Envelope, ...],
    tiers: tuple[str, ...],
) -> tuple[Reason, ...]:
    flow = window.flow.opened
    hashes = {each.agent_id: each.contract_hash for each in flow.woken}
    return check_proof(
        Claim(
            flow=flow,
            h_flow=window.flow.h_flow,
            intent=intent,
            digest=digest(envelope),
            contract_hash=hashes.get(intent.agent_id, bytes(32)),
            rules_hash=flow.snapshot.rules_hash,  # whether they are those in force, the kernel asks
            attestations=attestations,
            tiers=tiers,
            keys=grants.registry.keys,
            seq=grants.registry.seq,
        )
    )
