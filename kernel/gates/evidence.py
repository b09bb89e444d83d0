"""Gate 8: is what it was decided on what really was? Prices, account, contract, rules, proof."""

from __future__ import annotations

from kernel import exact
from kernel.case import Case
from kernel.ruling import Answer, Refusal
from kernel.table import FACES
from ledger.evidence import Claim, check_proof
from ledger.hashes import state_hash, tagged
from rules.drift import older_than
from schemas.codec import encode
from schemas.models import DocumentKind, Intent, IntentKind
from schemas.reasons import Reason


def evidence(case: Case) -> Answer:
    """Every hash is made here from what is known, never taken from what the claim says of itself."""
    assert case.intent is not None
    refused: Reason | None = None
    if not _is_this_snapshot(case) or not _account_was_so(case) or not _price_was_so(case):
        refused = Reason.SNAPSHOT_MISMATCH
    elif not _contract_is_this(case):
        refused = Reason.CONTRACT_MISMATCH
    elif not _rules_are_known(case):
        refused = Reason.RULES_MISMATCH
    elif case.intent.kind is IntentKind.PCI:
        refused = _proof(case)
    return None if refused is None else Refusal(reason=refused)


def _is_this_snapshot(case: Case) -> bool:
    """The body is bound to this context, and this context is the one the ledger holds for the attempt."""
    assert case.intent is not None
    known, flow = case.known, case.flow
    if known is not None and known.attempt == flow.attempt and known.flow_hash != case.claim.flow_hash:
        return False
    bound = case.intent.flow_hash == case.claim.flow_hash
    return bound and case.intent.state_hash == state_hash(encode(flow.snapshot))


def _account_was_so(case: Case) -> bool:
    assert case.account is not None
    snapshot = case.flow.snapshot
    if snapshot.account.account != case.flow.account:
        return False
    published = case.account.hashes.get(snapshot.account.version)
    made = tagged("interlock/1/account", encode(snapshot.account))
    return published == made == snapshot.account_hash


def _price_was_so(case: Case) -> bool:
    """The price equals the quote at the offset it names; one too old to look up is gate 11's."""
    assert case.intent is not None
    assert case.grant is not None
    if case.intent.instrument is None:
        return True
    view = case.view
    if view is None or view.bid is None or view.ask is None or view.price_offset is None:
        return not _needs_a_price(case)
    if view.mid is not None and view.mid != exact.mid(view.bid, view.ask):
        return False
    quote = case.quote
    if quote is None:
        return older_than(case.flow.snapshot.taken_at, case.now, case.grant.contract.drift.max_context_age_ms)
    return (quote.bid, quote.ask, quote.event_time) == (view.bid, view.ask, view.quote_time)


def _needs_a_price(case: Case) -> bool:
    return 11 in FACES[case.stance]


def _contract_is_this(case: Case) -> bool:
    return case.woken is not None and case.grant is not None and case.woken.contract_hash == case.grant.digest


def _rules_are_known(case: Case) -> bool:
    granted = case.state.registry.by_digest(case.flow.snapshot.rules_hash)
    return granted is not None and granted.document.kind is DocumentKind.RULES


def _proof(case: Case) -> Reason | None:
    assert case.grant is not None
    assert case.claim.intent is not None
    intent: Intent = case.claim.intent
    found = check_proof(
        Claim(
            flow=case.flow,
            h_flow=case.claim.flow_hash,
            intent=intent,
            digest=case.claim.digest,
            contract_hash=case.grant.digest,
            rules_hash=case.flow.snapshot.rules_hash,
            attestations=case.claim.attestations,
            tiers=case.grant.contract.evidence_tiers,
            keys=case.state.registry.keys,
            seq=case.seq,
        )
    )
    return next((reason for reason in found if reason.gate == 8), None)
