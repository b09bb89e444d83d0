"""The veto: what the account and the market have already lost decides whether anybody may add to it."""

from __future__ import annotations

from decimal import Decimal

from agents.opinions import Case, Draft, Nothing, Opinion, fact
from schemas.models import Action, InstrumentView
from schemas.money import CONTEXT, plain
from schemas.reasons import LaneReason

CERTAIN = Decimal(1)
# From its peak of the last 60 bars: a fall of this size within an hour is no dip but an event.
HALT_DRAWDOWN = Decimal("0.06")
CLOSE_DRAWDOWN = Decimal("0.03")
# Of the contract's own max drawdown: the agent stops the account before the kernel's breaker has to.
HALT_ACCOUNT_SHARE = Decimal("0.8")
CLOSE_ACCOUNT_SHARE = Decimal("0.5")
SPREAD_BPS_MAX = Decimal(40)  # beyond it an entry costs more than the envelope allows it to move
VOLATILITY_MAX = Decimal("0.012")  # standard deviation of one-bar returns: no size is small enough
EXPOSURE_SHARE = Decimal("0.9")  # of the contract's position limit: nothing to add to


def decide(case: Case) -> Opinion:
    """HALT, CLOSE, HOLD (do not add now) or nothing to say, in that order of severity. Pure."""
    view = case.view
    if view is None or view.drawdown is None:
        return Nothing(
            reason=LaneReason.FEATURES_MISSING,
            explain=f"{case.instrument}: no drawdown is known, so there is nothing to judge",
        )
    return _account(case) or _instrument(case, view, view.drawdown) or _entry(case, view) or _calm(case, view)


def account_drawdown(case: Case) -> Decimal:
    """1 - equity / peak of the account as the snapshot saw it, rounded up to 0.0001; 0 without a peak."""
    snapshot = case.flow.snapshot
    if snapshot.peak <= 0 or snapshot.equity >= snapshot.peak:
        return Decimal(0)
    lost = CONTEXT.multiply(CONTEXT.subtract(snapshot.peak, snapshot.equity), Decimal(10_000))
    return CONTEXT.scaleb(CONTEXT.add(CONTEXT.divide_int(lost, snapshot.peak), Decimal(1)), Decimal(-4))


def _account(case: Case) -> Draft | None:
    limit = case.contract.limits.max_drawdown_pct
    lost = account_drawdown(case)
    if lost >= CONTEXT.multiply(limit, HALT_ACCOUNT_SHARE):
        return _draft(
            Action.HALT, None, f"the account is {plain(lost)} below its peak, its limit is {plain(limit)}"
        )
    if lost >= CONTEXT.multiply(limit, CLOSE_ACCOUNT_SHARE) and case.free > 0:
        said = f"the account is {plain(lost)} below its peak: {case.instrument} is given up"
        return _draft(Action.CLOSE, case.instrument, said, case.free)
    return None


def _instrument(case: Case, view: InstrumentView, drawdown: Decimal) -> Draft | None:
    halted = case.instrument in case.flow.snapshot.account.halted_instruments
    if drawdown >= HALT_DRAWDOWN and not halted:
        said = f"{case.instrument} fell {plain(drawdown)} from its peak of the last hour"
        return _draft(Action.HALT, case.instrument, f"{said}, at most {plain(HALT_DRAWDOWN)} is borne")
    held = case.position
    if case.free <= 0 or held is None:
        return None
    if drawdown >= CLOSE_DRAWDOWN:
        said = f"{case.instrument} fell {plain(drawdown)} within the hour and the account holds it"
        return _draft(Action.CLOSE, case.instrument, said, case.free)
    bid = view.bid if view.bid is not None else view.last
    if held.stop is not None and bid is not None and bid <= held.stop:
        said = f"{case.instrument} at {plain(bid)} has reached the stop {plain(held.stop)} of the position"
        return _draft(Action.CLOSE, case.instrument, said, case.free)
    return None


def _entry(case: Case, view: InstrumentView) -> Draft | None:
    """Reasons not to add just now: a HOLD wins the window without closing anything."""
    if case.instrument in case.flow.snapshot.account.halted_instruments:
        return _draft(Action.HOLD, case.instrument, f"{case.instrument} is halted; nothing is added")
    if view.spread_bps is not None and view.spread_bps > SPREAD_BPS_MAX:
        said = f"the spread of {case.instrument} is {plain(view.spread_bps)} bps: too thin to enter"
        return _draft(Action.HOLD, case.instrument, said)
    if view.volatility is not None and view.volatility > VOLATILITY_MAX:
        said = f"one bar of {case.instrument} moves {plain(view.volatility)}: too rough to enter"
        return _draft(Action.HOLD, case.instrument, said)
    if _exposure(case, view) >= EXPOSURE_SHARE:
        return _draft(Action.HOLD, case.instrument, f"the position in {case.instrument} is full")
    return None


def _exposure(case: Case, view: InstrumentView) -> Decimal:
    """The position's value as a share of the contract's limit, rounded down to 0.01."""
    held, equity = case.position, case.flow.snapshot.equity
    limit = CONTEXT.multiply(equity, case.contract.limits.max_position_pct)
    if held is None or view.last is None or limit <= 0:
        return Decimal(0)
    value = CONTEXT.multiply(CONTEXT.multiply(held.quantity, view.last), Decimal(100))
    return CONTEXT.scaleb(CONTEXT.divide_int(value, limit), Decimal(-2))


def _calm(case: Case, view: InstrumentView) -> Nothing:
    facts = [fact("account_drawdown", account_drawdown(case))]
    if view.drawdown is not None:
        facts.append(fact("drawdown", view.drawdown))
    return Nothing(
        reason=LaneReason.NO_EDGE, facts=tuple(facts), explain=f"nothing about {case.instrument} needs a veto"
    )


def _draft(action: Action, instrument: str | None, said: str, quantity: Decimal = Decimal(0)) -> Draft:
    return Draft(
        action=action,
        instrument=instrument,
        quantity=quantity,
        confidence=CERTAIN,
        explain=f"{action.value}: {said}.",
    )
