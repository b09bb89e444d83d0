"""Gate 8 of the naive specification: is what it was decided on what really was?"""

from schemas.reasons import Reason
from tests.spec.book import QUOTE_LIFE, middle
from tests.spec.limits import too_old

R = Reason


def evidence(spec, case):
    """This context, the published account, prices as quoted, the contract, the rules, the proof."""
    claim, flow, known, law = case.claim, case.flow, case.known, case.law
    shot, intent = flow.snapshot, case.intent
    views = case.account["views"]
    bound = intent.flow_hash == claim.context and intent.state_hash == claim.snapshot_hash
    other = known["attempt"] == flow.attempt and known["context"] != claim.context
    version = shot.account.version
    oldest = 0 if case.approval else len(views) - 64  # it was so when a person was asked
    seen = oldest < version <= len(views) and version > 0 and views[version - 1] == shot.account
    if other or not (bound and seen and claim.view_hash_ok) or not prices_were_so(spec, case):
        return R.SNAPSHOT_MISMATCH
    if case.woken is None or law is None or case.woken.contract_hash != case.own["hash"]:
        return R.CONTRACT_MISMATCH
    if shot.rules_hash not in spec.rules:
        return R.RULES_MISMATCH
    if intent.kind != "PCI":
        return None
    ours = [each for each, _ in claim.attested if each.ledger == spec.ledger]
    lies = (intent.evidence is not None and not claim.proof_ok) or not all(speaks(x, case) for x in ours)
    if lies:
        return R.EVIDENCE_MISMATCH
    proven = intent.evidence is not None and set(law["evidence"]["required"]) <= {x.tier for x in ours}
    return None if proven else R.EVIDENCE_MISSING


def speaks(said, case):
    flow, about = case.flow, (said.account, said.dfid, said.attempt, said.intent_digest)
    return said.agrees and about == (flow.account, flow.dfid, flow.attempt, case.claim.digest)


def prices_were_so(spec, case):
    """Each price equals the quote at its offset; one too old to be looked up is gate 11's."""
    intent = case.intent
    for view in case.flow.snapshot.instruments:
        own = view is case.view
        told = [x is not None for x in (view.bid, view.ask, view.mid, view.price_offset)]
        if own and not (told[0] and told[1] and told[3]):
            if case.stance != "HOLD" and intent.action != "CLOSE":
                return False  # getting out gets a live price later, or a person
        elif any(told) and not as_quoted(spec, case, view, own):
            return False
    free = intent.instrument is None or case.stance == "HOLD" or intent.action == "CLOSE"
    return free or case.view is not None


def as_quoted(spec, case, view, own):
    if view.bid is None or view.ask is None or view.price_offset is None:
        return False
    quote = spec.quoted(view.instrument, (view.price_partition, view.price_offset))
    if quote is None and not own and (view.quote_time or spec.now) <= spec.now - QUOTE_LIFE:
        return True  # a quiet instrument says itself how old its price is
    if view.mid is not None and view.mid != middle(view):
        return False
    if quote is None and (case.stance in ("HOLD", "REDUCING") or case.approval):
        return (view.quote_time or spec.now) <= spec.now - QUOTE_LIFE  # nobody asks how old the context is
    if quote is None:
        return too_old(spec, case)
    return (quote.bid, quote.ask, quote.event_time) == (view.bid, view.ask, view.quote_time)
