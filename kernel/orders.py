"""The order a verdict becomes: its key, side, quantity and the price it may not be worse than."""

from __future__ import annotations

from decimal import Decimal

from kernel import exact
from kernel.case import Case, Stance
from ledger.intents import key_of_intent
from rules.mandate import ACTING
from schemas.models import Action, KernelIntent, Mark
from schemas.models import TimeInForce as Tif
from schemas.money import CONTEXT

ORDER_LIFE_US = 60_000_000  # a price judged now protects for a minute; a longer order would need another look
FEE_RESERVE_BPS = Decimal(20)  # cash kept beside the cost of a purchase, so that fees cannot overdraw
SELLS = frozenset({Action.SELL, Action.CLOSE})


def side_of(action: Action) -> str:
    """BUY or SELL, as the venue knows it; a CANCEL has none."""
    if action is Action.CANCEL:
        return ""
    return "SELL" if action in SELLS else "BUY"


def quantity_of(case: Case) -> Decimal:
    """What is to be traded; a CLOSE that names no quantity means all that is held and not yet reserved."""
    assert case.intent is not None
    if case.intent.action is not Action.CLOSE or case.intent.quantity > 0:
        return case.intent.quantity
    assert case.account is not None
    assert case.intent.instrument is not None
    held = case.account.held(case.intent.instrument)
    return exact.minus(held.quantity, held.reserved)


def envelope_bps(case: Case) -> Decimal:
    """The narrower of the contract's drift envelope and the one the agent signed."""
    assert case.intent is not None
    assert case.grant is not None
    return min(case.grant.contract.drift.envelope_bps, case.intent.drift_envelope_bps)


def looked_at(case: Case) -> Decimal | None:
    """The price the decision was made about: the snapshot's middle, or what the person was shown."""
    if case.approval is not None and case.approval.price_shown is not None:
        return case.approval.price_shown
    view = case.view
    if view is None or view.bid is None or view.ask is None:
        return None
    return exact.mid(view.bid, view.ask)


def protective_limit(case: Case) -> Decimal:
    """The worst price the order may get: the envelope around what was looked at, on the tick inside it.

    A reducing order is asked no drift, so its envelope lies around the live price.
    """
    assert case.intent is not None
    assert case.mark is not None
    assert case.intent.instrument is not None
    terms = case.state.grants.terms(case.intent.instrument)
    assert terms is not None
    sells = case.intent.action in SELLS
    live = sells or case.stance is Stance.REDUCING
    anchor = exact.mid(case.mark.bid, case.mark.ask) if live else looked_at(case)
    assert anchor is not None
    width = exact.times(anchor, envelope_bps(case)).scaleb(-4, CONTEXT)
    (low, high), own = band(case), case.intent.limit_price
    if sells:
        least = exact.minus(min(anchor, case.mark.bid), width)
        worst = exact.ceil_to(least if low is None else max(least, low), terms.tick)
        return worst if own is None else max(worst, exact.ceil_to(own, terms.tick))
    most = exact.plus(max(anchor, case.mark.ask) if live else anchor, width)
    worst = exact.floor_to(most if high is None else min(most, high), terms.tick)
    return worst if own is None else min(worst, exact.floor_to(own, terms.tick))


def band(case: Case) -> tuple[Decimal | None, Decimal | None]:
    """The prices a child's trade must keep to; (None, None) for all that acts under no mandate."""
    assert case.intent is not None
    if case.under is None or case.intent.action not in ACTING:
        return None, None
    return case.under.mandate.price_low, case.under.mandate.price_high


def mandate_ends(case: Case) -> int:
    """When a child's trade must be over (micros UTC): nothing is done under a mandate after its end."""
    assert case.intent is not None
    if case.under is None or case.intent.action not in ACTING:
        return case.flow.flow_expires_at
    return case.under.mandate.expires_at


def cash_needed(case: Case) -> Decimal:
    """What a purchase may cost at most, fees among it, to 18 places."""
    cost = exact.times(quantity_of(case), protective_limit(case))
    return exact.money(exact.plus(cost, exact.times(cost, FEE_RESERVE_BPS).scaleb(-4, CONTEXT)))


def order_for(case: Case) -> KernelIntent:
    """The order of an accepted case; a pure function of it, so replay makes the same."""
    assert case.intent is not None
    assert case.claim.intent is not None
    intent = case.intent
    trades = intent.action is not Action.CANCEL
    return KernelIntent(
        ledger=case.state.identity.ledger,
        account=intent.account,
        dfid=intent.dfid,
        step_id=intent.step_id,
        attempt=intent.attempt,
        key=key_of_intent(case.claim.intent),
        action=intent.action,
        instrument=intent.instrument or _cancelled(case),
        side=side_of(intent.action),
        quantity=quantity_of(case) if trades else Decimal(0),
        limit_price=protective_limit(case) if trades else Decimal(0),
        time_in_force=intent.time_in_force if trades else Tif.IOC,
        valid_until=min(case.flow.flow_expires_at, case.now + ORDER_LIFE_US, mandate_ends(case)),
        quote=_quote(case, intent.instrument or _cancelled(case)),
        cancels=intent.target if not trades else None,
        seq=case.seq,
        at=case.now,
    )


def _cancelled(case: Case) -> str:
    """The instrument of the order a CANCEL names, if it is still open."""
    assert case.account is not None
    assert case.intent is not None
    order = case.account.orders.get(case.intent.target or b"")
    return "" if order is None else order.instrument


def _quote(case: Case, instrument: str) -> Mark:
    """The quote it was judged against; a CANCEL is judged against none."""
    mark = case.mark
    zero = Decimal(0)
    return Mark(
        instrument=instrument,
        bid=zero if mark is None else mark.bid,
        ask=zero if mark is None else mark.ask,
        event_time=0 if mark is None else mark.event_time,
        partition=0 if mark is None else mark.partition,
        offset=0 if mark is None else mark.offset,
    )
