"""Fractions (_pct) are of equity; 0 allows nothing.

Generated from schemas/avro/contract_limits.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.contract_cutoff import ContractCutoff


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLimits:
    max_position_size: Decimal  # Units of one instrument.
    max_order_value: Decimal  # USD.
    max_position_pct: Decimal
    max_single_trade_pct: Decimal
    max_leverage: Decimal
    max_drawdown_pct: Decimal
    trailing_max_drawdown_pct: Decimal
    max_daily_loss_pct: Decimal
    consistency_rule_pct: Decimal
    consistency_warn_pct: Decimal
    max_open_positions: int
    min_risk_reward: Decimal
    min_stop_atr_multiple: Decimal
    trading_cutoff: ContractCutoff | None = None
