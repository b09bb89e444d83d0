"""Limits as they hold now: overlays for regime, volatility and profit that may only tighten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from rules.contract import Limits
from rules.exact import ratio
from schemas.money import CONTEXT

ONE = Decimal(1)

HIGH_VOL_SHRINK = Decimal("0.6")
HIGH_VOL_REWARD = Decimal("1.3")
HIGH_VOL_OPEN_MAX = 2
TARGET_VOLATILITY = Decimal("0.01")
VOLATILITY_SHRINK_MIN = Decimal("0.5")
CONSERVATION_FROM = Decimal("0.04")
LOCK_IN_FROM = Decimal("0.055")
CONSERVATION_SHRINK = Decimal("0.5")
LOCK_IN_SHRINK = Decimal("0.25")
LATE_PHASE_REWARD = Decimal("1.2")

REGIME_VOLATILITY = Decimal("0.0025")
"""Root mean square of twenty one-minute returns from which the regime is high: about 180 % a year."""


class Regime(StrEnum):
    """How violent the market is; what is not known counts as violent."""

    LOW_VOL = "low_vol"
    HIGH_VOL = "high_vol"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """How far a day's profit has come, and so how much of it there is to lose."""

    BUILDING = "building"
    CONSERVATION = "conservation"
    LOCK_IN = "lock_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Limits after the overlays; never looser than those of the contract in any field."""

    limits: Limits
    regime: Regime
    phase: Phase


def as_written(limits: Limits) -> Resolved:
    """The limits of the contract with no overlay upon them."""
    return Resolved(limits=limits, regime=Regime.LOW_VOL, phase=Phase.BUILDING)


def regime_of(volatility: Decimal | None) -> Regime:
    """The regime a realised volatility (of one-minute returns, a fraction) belongs to."""
    if volatility is None or not volatility.is_finite() or volatility < 0:
        return Regime.UNKNOWN
    return Regime.HIGH_VOL if volatility >= REGIME_VOLATILITY else Regime.LOW_VOL


def phase_of(profit_pct: Decimal | None) -> Phase:
    """The phase a profit (a fraction of the base; bounds inclusive) belongs to; unknown is the last one."""
    if profit_pct is None or not profit_pct.is_finite() or profit_pct >= LOCK_IN_FROM:
        return Phase.LOCK_IN
    return Phase.CONSERVATION if profit_pct >= CONSERVATION_FROM else Phase.BUILDING


def resolve(
    limits: Limits,
    *,
    regime: Regime | None = None,
    volatility: Decimal | None = None,
    profit_pct: Decimal | None = Decimal(0),
) -> Resolved:
    """Overlay ``limits`` for a regime (None counts as unknown), a volatility and a profit, all fractions.

    Volatility None lays no overlay of its own: its absence already makes the regime unknown.
    """
    regime = Regime.UNKNOWN if regime is None else regime
    phase = phase_of(profit_pct)
    laid = _by_phase(_by_volatility(_by_regime(limits, regime), volatility), phase)
    single = min(laid.max_single_trade_pct, laid.max_position_pct)
    return Resolved(limits=replace(laid, max_single_trade_pct=single), regime=regime, phase=phase)


def _by_regime(limits: Limits, regime: Regime) -> Limits:
    match regime:
        case Regime.LOW_VOL:
            return limits
        case Regime.HIGH_VOL | Regime.UNKNOWN:
            return _tightened(limits, HIGH_VOL_SHRINK, HIGH_VOL_REWARD, HIGH_VOL_OPEN_MAX)
        case _:
            assert_never(regime)


def _by_volatility(limits: Limits, volatility: Decimal | None) -> Limits:
    if volatility is None:
        return limits
    factor = VOLATILITY_SHRINK_MIN
    if volatility.is_finite() and volatility >= 0:
        factor = ONE if volatility == 0 else ratio(TARGET_VOLATILITY, volatility, "ROUND_FLOOR")
    factor = min(ONE, max(VOLATILITY_SHRINK_MIN, factor))
    return replace(limits, max_single_trade_pct=CONTEXT.multiply(limits.max_single_trade_pct, factor))


def _by_phase(limits: Limits, phase: Phase) -> Limits:
    match phase:
        case Phase.BUILDING:
            return limits
        case Phase.CONSERVATION:
            return _tightened(limits, CONSERVATION_SHRINK, LATE_PHASE_REWARD, limits.max_open_positions)
        case Phase.LOCK_IN:
            return _tightened(limits, LOCK_IN_SHRINK, LATE_PHASE_REWARD, 0)
        case _:
            assert_never(phase)


def _tightened(limits: Limits, shrink: Decimal, reward: Decimal, open_max: int) -> Limits:
    return replace(
        limits,
        max_single_trade_pct=CONTEXT.multiply(limits.max_single_trade_pct, shrink),
        max_position_pct=CONTEXT.multiply(limits.max_position_pct, shrink),
        min_risk_reward=CONTEXT.multiply(limits.min_risk_reward, reward),
        max_open_positions=min(limits.max_open_positions, open_max),
    )
