"""Five ready-made sets of limits to start a contract from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rules.contract import Cutoff, Limits

CUTOFF: Final = Cutoff(time="16:20", zone="America/New_York")
ROUNDS: Final = 3

ABORT: Final = ("MAX_LOSS", "TRAILING_DRAWDOWN", "MAX_LEVERAGE")
ABORT_STRICT: Final = (*ABORT, "MAX_POSITION")
"""Reasons on which refinement stops at once: leverage and drawdown are not cured by a smaller order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a preset settles of a contract; the two sizes in units and USD are the desk's own."""

    limits: Limits
    rounds_per_flow: int
    abort_on_violations: tuple[str, ...]


# max_single_trade_pct, max_position_pct, min_risk_reward, max_leverage, max_open_positions, max_drawdown_pct
_FIGURES: Final = {
    "conservative": ("0.02", "0.05", "2", "1", 2, "0.05"),
    "moderate": ("0.05", "0.15", "1.5", "1.5", 3, "0.10"),
    "aggressive": ("0.10", "0.30", "1.2", "2", 5, "0.20"),
    "strict": ("0.01", "0.05", "5", "1", 1, "0.03"),
    "futures_compatible": ("0.03", "0.10", "3", "1", 2, "0.05"),
}
NAMES: Final = tuple(_FIGURES)


def preset(name: str, *, max_position_size: Decimal, max_order_value: Decimal) -> Preset:
    """The preset ``name`` with the largest position (units) and order (USD). KeyError on other names."""
    single, position, reward, leverage, open_max, drawdown = _FIGURES[name]
    limits = Limits(
        max_position_size=max_position_size,
        max_order_value=max_order_value,
        max_position_pct=Decimal(position),
        max_single_trade_pct=Decimal(single),
        max_leverage=Decimal(leverage),
        max_drawdown_pct=Decimal(drawdown),
        trailing_max_drawdown_pct=Decimal(drawdown),
        max_daily_loss_pct=Decimal("0.02"),
        consistency_rule_pct=Decimal("0.50"),
        consistency_warn_pct=Decimal("0.40"),
        max_open_positions=open_max,
        min_risk_reward=Decimal(reward),
        min_stop_atr_multiple=Decimal("1.5"),
        trading_cutoff=CUTOFF,
    )
    return Preset(
        limits=limits,
        rounds_per_flow=1 if name == "futures_compatible" else ROUNDS,
        abort_on_violations=ABORT_STRICT if name in ("strict", "futures_compatible") else ABORT,
    )
