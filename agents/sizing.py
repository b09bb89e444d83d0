"""Sizing: a bracket around the entry and a size that the loss at its stop decides."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agents.opinions import Case, Terms
from rules.contract import Contract
from schemas.models import InstrumentView
from schemas.money import CONTEXT

BPS = Decimal(10_000)
STOP_ATRS = Decimal("0.5")  # room beyond the contract's least stop, so that noise does not decide
STOP_FLOOR_BPS = Decimal(100)  # a quiet minute's ATR is a few ticks: a stop there is hit by the spread
REWARD_ROOM = Decimal("1.5")  # above the contract's least ratio, which must still hold at the live price
RISK_BPS = Decimal(2)  # of equity, lost at the stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A long entry at most at ``limit``, out at ``stop`` (below) or ``target`` (above); on ticks."""

    limit: Decimal
    stop: Decimal
    target: Decimal


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of ``step`` that is not above ``value`` (both not negative)."""
    return CONTEXT.multiply(CONTEXT.divide_int(value, step), step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The least multiple of ``step`` that is not below ``value`` (both not negative)."""
    down = floor_to(value, step)
    return down if down == value else CONTEXT.add(down, step)


def portion(value: Decimal, bps: Decimal) -> Decimal:
    """``bps`` ten-thousandths of ``value``, exactly."""
    return CONTEXT.scaleb(CONTEXT.multiply(value, bps), Decimal(-4))


def bracket(view: InstrumentView, contract: Contract, terms: Terms) -> Bracket | None:
    """The bracket of a long entry, or None when price or ATR is unknown or the stop would be at zero.

    The limit allows half the drift envelope above the ask; stop and target are measured from that limit.
    """
    entry = view.ask if view.ask is not None else view.last
    if entry is None or entry <= 0 or view.atr is None:
        return None
    half = CONTEXT.multiply(contract.drift.envelope_bps, Decimal("0.5"))
    limit = floor_to(CONTEXT.add(entry, portion(entry, half)), terms.tick)
    atrs = CONTEXT.add(contract.limits.min_stop_atr_multiple, STOP_ATRS)
    distance = max(CONTEXT.multiply(atrs, view.atr), portion(limit, STOP_FLOOR_BPS))
    if limit <= 0 or distance >= limit:
        return None
    stop = floor_to(CONTEXT.subtract(limit, distance), terms.tick)
    ratio = CONTEXT.multiply(contract.limits.min_risk_reward, REWARD_ROOM)
    target = ceil_to(CONTEXT.add(limit, CONTEXT.multiply(CONTEXT.subtract(limit, stop), ratio)), terms.tick)
    return Bracket(limit=limit, stop=stop, target=target) if stop > 0 else None


def quantity_by_risk(case: Case, bounds: Bracket, terms: Terms, risk_bps: Decimal = RISK_BPS) -> Decimal:
    """The lots whose loss at the stop is ``risk_bps`` of equity; 0 when that is below the smallest order.

    The contract's own limits are not applied here: the mechanical checker answers with figures, and the
    agent revises by them, so that the ledger shows what it wanted and what it was allowed.
    """
    budget = portion(case.flow.snapshot.equity, risk_bps)
    per_lot = CONTEXT.multiply(CONTEXT.subtract(bounds.limit, bounds.stop), terms.lot)
    if budget <= 0 or per_lot <= 0:
        return Decimal(0)
    quantity = CONTEXT.multiply(CONTEXT.divide_int(budget, per_lot), terms.lot)
    return quantity if quantity >= terms.min_order else Decimal(0)
