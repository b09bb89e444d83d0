"""Gate 11: has the world moved since it was looked at? (article, section 4.4)"""

from __future__ import annotations

from decimal import Decimal

from kernel import exact
from kernel.case import Case, Stance
from kernel.figures import resolved
from kernel.orders import envelope_bps, looked_at, protective_limit
from kernel.ruling import Answer, Escalation, Refusal, facts
from kernel.table import FACES
from rules.drift import (
    Side,
    geometry_holds,
    half_bracket_stands,
    live_price,
    moved_bps,
    older_than,
    within_envelope,
)
from schemas.models import Action, QuoteSeen
from schemas.reasons import Reason


def drift(case: Case) -> Answer:
    """Context age; live mark present, sane, fresh; the envelope; price caps; geometry at the live price."""
    assert case.intent is not None
    reducing = case.stance is Stance.REDUCING
    if asks_age(case):
        refusal = _context_age(case)
        if refusal is not None:
            return refusal
    refusal = _mark(case)
    if refusal is not None:
        # Getting out without a live price is a person's decision, never a silent refusal.
        close = case.intent.action is Action.CLOSE and case.approval is None
        return Escalation(reason=refusal.reason, facts=refusal.facts) if close else refusal
    if reducing:
        return None
    if case.stance is Stance.MANDATE:
        return _moved(case)  # nothing is bought yet: its band caps each child's price, brackets are theirs
    return _moved(case) or _capped(case) or _geometry(case)


def asks_age(case: Case) -> bool:
    """Whether this gate asks how old the context is: not of an exit, nor of what a person has looked at."""
    return 11 in FACES[case.stance] and case.stance is not Stance.REDUCING and case.approval is None


def _context_age(case: Case) -> Refusal | None:
    assert case.grant is not None
    taken, limit = case.flow.snapshot.taken_at, case.grant.contract.drift.max_context_age_ms
    if not older_than(taken, case.now, limit):
        return None
    return Refusal(
        reason=Reason.CONTEXT_TOO_OLD, facts=facts(age_us=case.now - taken, limit_us=limit * 1_000)
    )


def _mark(case: Case) -> Refusal | None:
    assert case.grant is not None
    mark = case.mark
    if mark is None:
        return Refusal(reason=Reason.NO_LIVE_PRICE)
    if not sane(mark):
        return Refusal(reason=Reason.NO_LIVE_PRICE, facts=facts(bid=mark.bid, ask=mark.ask))
    age, limit = case.now - mark.event_time, case.grant.contract.drift.max_mark_age_ms * 1_000
    if age > limit:
        return Refusal(reason=Reason.STALE_MARK, facts=facts(age_us=age, limit_us=limit))
    return None


def sane(mark: QuoteSeen) -> bool:
    """Both sides above zero and not crossed."""
    return live_price(mark.bid) is not None and live_price(mark.ask) is not None and mark.bid <= mark.ask


def _moved(case: Case) -> Refusal | None:
    assert case.mark is not None
    seen, live, envelope = looked_at(case), exact.mid(case.mark.bid, case.mark.ask), envelope_bps(case)
    if seen is None or seen <= 0:
        return Refusal(reason=Reason.STALE_CONTEXT)
    if within_envelope(seen, live, envelope):
        return None
    figures = facts(moved_bps=moved_bps(seen, live), envelope_bps=envelope)
    return Refusal(reason=Reason.STALE_CONTEXT, facts=figures)


def _capped(case: Case) -> Refusal | None:
    assert case.intent is not None
    price, cap = entry(case), protective_limit(case)
    within = price >= cap if case.intent.action is Action.SELL else price <= cap
    if within:
        return None
    return Refusal(reason=Reason.LIMIT_PRICE_EXCEEDED, facts=facts(measured=price, limit=cap))


def _geometry(case: Case) -> Refusal | None:
    assert case.intent is not None
    assert case.grant is not None
    stop, target, live = case.intent.stop, case.intent.target_price, entry(case)
    side: Side = "short" if case.intent.action is Action.SELL else "long"
    least = resolved(case).limits.min_risk_reward  # what gate 9 asked for, asked again at the live price
    if stop is not None and target is not None:
        holds = geometry_holds(side, live, stop, target, least)
    else:
        holds = half_bracket_stands(side, live, stop, target)  # gate 9 has asked for what the contract wants
    if holds:
        return None
    given = {"live": live, "stop": stop, "target": target, "risk_reward_limit": least}
    figures = facts(**{name: figure for name, figure in given.items() if figure is not None})
    return Refusal(reason=Reason.GEOMETRY_BROKEN, facts=figures)


def entry(case: Case) -> Decimal:
    """The live price the order would be filled at: the quote's other side."""
    assert case.mark is not None
    assert case.intent is not None
    return case.mark.bid if case.intent.action is Action.SELL else case.mark.ask
