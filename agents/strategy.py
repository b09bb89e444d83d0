"""Momentum with explicit rules: buy an orderly rise, buy a deep dip small, leave what has turned."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agents.opinions import Case, Draft, Nothing, Opinion, fact, return_over
from agents.sizing import RISK_BPS, bracket, floor_to, quantity_by_risk
from schemas.models import Action, InstrumentView
from schemas.money import CONTEXT, plain
from schemas.reasons import LaneReason

WINDOW_FAST_S, WINDOW_SLOW_S = 300, 900
RISE_MIN = Decimal("0.0015")  # over 15 minutes: less than the costs of a round trip is no momentum
FALL_MIN = Decimal("0.004")
RSI_HOT = Decimal(72)
RSI_WEAK = Decimal(42)
RSI_DIP = Decimal(30)  # Wilder's own threshold of the oversold
DIP_DRAWDOWN = Decimal("0.01")  # oversold in a market that does not move is no dip
DIP_RISK_BPS = Decimal(1)  # half the usual risk: a falling market is bought only small
CENT = Decimal("0.01")
CONFIDENCE_MOMENTUM = Decimal("0.72")
CONFIDENCE_DIP = Decimal("0.74")
CONFIDENCE_CLOSE = Decimal("0.80")
CONFIDENCE_MAX = Decimal("0.95")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The features the rules read, all known."""

    last: Decimal
    sma: Decimal
    rsi: Decimal
    fast: Decimal
    slow: Decimal
    drawdown: Decimal


def decide(case: Case) -> Opinion:
    """CLOSE on loss of momentum, else BUY on momentum or on a deep dip, else HOLD or nothing. Pure."""
    view = case.view
    seen = None if view is None else sight(view)
    if view is None or seen is None:
        return Nothing(
            reason=LaneReason.FEATURES_MISSING,
            explain=f"{case.instrument}: fewer bars than the rules need, so no opinion",
        )
    leave = _leaving(case, view, seen)
    if leave is not None:
        return leave
    if rises(seen):
        strength = floor_to(CONTEXT.multiply(seen.slow, Decimal(10)), CENT)
        confidence = min(CONTEXT.add(CONFIDENCE_MOMENTUM, strength), CONFIDENCE_MAX)
        said = f"up {plain(seen.slow)} in 15 minutes and above its average, RSI {plain(seen.rsi)}"
        return entry(case, view, confidence, said, RISK_BPS)
    if dips(seen):
        said = f"RSI {plain(seen.rsi)} after a fall of {plain(seen.drawdown)}: a rebound is bought small"
        return entry(case, view, CONFIDENCE_DIP, said, DIP_RISK_BPS)
    if case.position is not None:
        said = f"HOLD: {case.instrument} has neither turned nor gained pace."
        return Draft(
            action=Action.HOLD, instrument=case.instrument, confidence=CONFIDENCE_MOMENTUM, explain=said
        )
    facts = (fact("return_15m", seen.slow), fact("rsi", seen.rsi))
    return Nothing(
        reason=LaneReason.NO_EDGE, facts=facts, explain=f"{case.instrument}: neither momentum nor a dip"
    )


def sight(view: InstrumentView) -> Sight | None:
    """The features of a view, or None while one of them is unknown."""
    fast, slow = return_over(view, WINDOW_FAST_S), return_over(view, WINDOW_SLOW_S)
    if view.last is None or view.sma is None or view.rsi is None or view.drawdown is None:
        return None
    if fast is None or slow is None:
        return None
    return Sight(last=view.last, sma=view.sma, rsi=view.rsi, fast=fast, slow=slow, drawdown=view.drawdown)


def rises(seen: Sight) -> bool:
    """Orderly momentum: both windows up, price above its average, not overbought."""
    return seen.slow >= RISE_MIN and seen.fast > 0 and seen.last > seen.sma and seen.rsi <= RSI_HOT


def dips(seen: Sight) -> bool:
    """A deep dip: oversold after a real fall."""
    return seen.rsi <= RSI_DIP and seen.drawdown >= DIP_DRAWDOWN


def turned(seen: Sight) -> bool:
    """Momentum lost: down over both windows, below the average, and weak without being oversold."""
    return (
        seen.slow <= -FALL_MIN and seen.fast < 0 and seen.last < seen.sma and RSI_DIP < seen.rsi <= RSI_WEAK
    )


def entry(case: Case, view: InstrumentView, confidence: Decimal, said: str, risk_bps: Decimal) -> Opinion:
    """A BUY sized by what is lost at its stop, or the reason why there is none."""
    terms = case.terms.get(case.instrument)
    bounds = None if terms is None else bracket(view, case.contract, terms)
    if terms is None or bounds is None:
        return Nothing(
            reason=LaneReason.FEATURES_MISSING,
            explain=f"{case.instrument}: {said}, but price steps or ATR are unknown",
        )
    quantity = quantity_by_risk(case, bounds, terms, risk_bps)
    if quantity == 0:
        return Nothing(
            reason=LaneReason.NO_EDGE, explain=f"{case.instrument}: {said}, but the size is under a lot"
        )
    return Draft(
        action=Action.BUY,
        instrument=case.instrument,
        quantity=quantity,
        limit_price=bounds.limit,
        stop=bounds.stop,
        target_price=bounds.target,
        confidence=confidence,
        explain=f"BUY {plain(quantity)} {case.instrument}: {said}; out at {plain(bounds.stop)} or "
        f"{plain(bounds.target)}.",
    )


def _leaving(case: Case, view: InstrumentView, seen: Sight) -> Draft | None:
    held = case.position
    if held is None or case.free <= 0:
        return None
    bid = view.bid if view.bid is not None else seen.last
    if held.target_price is not None and bid >= held.target_price:
        said = f"{plain(bid)} has reached the target {plain(held.target_price)}"
    elif turned(seen):
        said = f"momentum is lost, {plain(seen.slow)} in 15 minutes and below its average"
    else:
        return None
    return Draft(
        action=Action.CLOSE,
        instrument=case.instrument,
        quantity=case.free,
        confidence=CONFIDENCE_CLOSE,
        explain=f"CLOSE {plain(case.free)} {case.instrument}: {said}.",
    )
