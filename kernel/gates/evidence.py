"""Gate 8: is what it was decided on what really was? Prices, account, contract, rules, proof."""

from __future__ import annotations

from kernel import exact
from kernel.case import Case
from kernel.folds.batches import QUOTES_US
from kernel.gates.drift import asks_age
from kernel.ruling import Answer, Refusal
from kernel.table import FACES
from ledger.evidence import Claim, check_proof
from ledger.hashes import state_hash, tagged
from rules.drift import older_than
from schemas.codec import encode
from schemas.models import Action, DocumentKind, InstrumentView, Intent, IntentKind, QuoteSeen
from schemas.reasons import Reason


def evidence(case: Case) -> Answer:
    """Every hash is made here from what is known, never taken from what the claim says of itself."""
    assert case.intent is not None
    refused: Reason | None = None
    so = _is_this_snapshot(case) and _account_was_so(case)
    if not so or not _price_was_so(case) or not _others_were_so(case):
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
    made, kept = tagged("interlock/1/account", encode(snapshot.account)), case.account.hashes
    if case.approval is not None and snapshot.account.version < min(kept, default=snapshot.account.version):
        return made == snapshot.account_hash  # let go of while a person thought; it was so when he was asked
    return kept.get(snapshot.account.version) == made == snapshot.account_hash


def _price_was_so(case: Case) -> bool:
    """The price equals the quote at the offset it names; one too old to look up is gate 11's."""
    assert case.intent is not None
    assert case.grant is not None
    if case.intent.instrument is None:
        return True
    if case.view is None or _is_unpriced(case.view):
        return not _needs_a_price(case)
    return _is_as_quoted(case, case.view, case.quote)


def _others_were_so(case: Case) -> bool:
    """Every other price in the snapshot equals the quote at its offset, unless it says itself how old it is.

    A quiet instrument's quote is older than quotes are kept, and no gate measures anything against it.
    """
    found = {(each.instrument, each.quote.offset): each.quote for each in case.others if each.quote}
    for view in case.flow.snapshot.instruments:
        figures = (view.bid, view.ask, view.mid, view.price_offset)
        if view is case.view or all(figure is None for figure in figures):
            continue
        quote = None if view.price_offset is None else found.get((view.instrument, view.price_offset))
        forgotten = quote is None and view.quote_time is not None and view.quote_time <= case.now - QUOTES_US
        if _is_unpriced(view) or not (forgotten or _is_as_quoted(case, view, quote)):
            return False
    return True


def _is_unpriced(view: InstrumentView) -> bool:
    return view.bid is None or view.ask is None or view.price_offset is None


def _is_as_quoted(case: Case, view: InstrumentView, quote: QuoteSeen | None) -> bool:
    assert case.grant is not None
    assert view.bid is not None
    assert view.ask is not None
    if view.mid is not None and view.mid != exact.mid(view.bid, view.ask):
        return False
    if quote is None:
        return _is_forgotten(case, view)
    return (quote.bid, quote.ask, quote.event_time) == (view.bid, view.ask, view.quote_time)


def _is_forgotten(case: Case, view: InstrumentView) -> bool:
    """Whether nobody can look the quote up any more, for a reason other than that it never was.

    Where gate 11 asks how old the context is, it refuses what is too old for its contract. Where it does not
    (a HOLD, an exit, what a person approved), only what memory has let go of counts: else a contract that
    asks for a fresher context would let more pass.
    """
    assert case.grant is not None
    if asks_age(case):
        limit = case.grant.contract.drift.max_context_age_ms
        return older_than(case.flow.snapshot.taken_at, case.now, limit)
    return view.quote_time is not None and view.quote_time <= case.now - QUOTES_US


def _needs_a_price(case: Case) -> bool:
    """Whether nothing can be said of it without one. A CLOSE gets a live price at gate 11, or a person."""
    assert case.intent is not None
    return 11 in FACES[case.stance] and case.intent.action is not Action.CLOSE


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
