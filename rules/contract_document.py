"""A contract as it is written: strict, closed, every figure bounded where bytes become words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from rules.contract import Authority, Compensation
from schemas.models import Action, IntentKind, Lane

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?")

ID = r"^[a-z0-9._-]{1,64}$"
FEATURES = (
    "last", "mid", "spread_bps", "sma", "ema", "rsi", "atr", "volatility", "drawdown",
    "return_1m", "return_5m", "return_15m", "return_60m",
)  # fmt: skip
EVIDENCE_TIERS = ("heuristic", "reconstruction", "source")


def _exact(value: object) -> Decimal:
    """Text or whole number to Decimal; a JSON double is refused, for it is not what was written."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**19:
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise ValueError("an amount is plain text of at most 18 digits behind the point, not below zero")


Amount = Annotated[Decimal, BeforeValidator(_exact)]
Fraction = Annotated[Decimal, BeforeValidator(_exact), Field(le=1)]
Base = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1)]
"""A fraction that a breaker measures against: zero would stop, or never stop, everything."""

Identifier = Annotated[str, StringConstraints(pattern=ID)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Ids = Annotated[tuple[Identifier, ...], Field(max_length=64)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Milliseconds = Annotated[int, Field(ge=1, le=86_400_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class InputsDocument(_Strict):
    signal_kinds: tuple[str, ...]
    instruments: Ids
    features: tuple[str, ...] = ()
    headlines: bool = False


class OutputsDocument(_Strict):
    policy_types: tuple[IntentKind, ...]


class CutoffDocument(_Strict):
    time: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]


class LimitsDocument(_Strict):
    max_position_size: Amount
    max_order_value: Amount
    max_position_pct: Fraction
    max_single_trade_pct: Fraction
    max_leverage: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=100)]
    max_drawdown_pct: Base
    trailing_max_drawdown_pct: Base
    max_daily_loss_pct: Base
    consistency_rule_pct: Base
    consistency_warn_pct: Base
    max_open_positions: Annotated[int, Field(ge=0, le=1_000)]
    min_risk_reward: Amount
    min_stop_atr_multiple: Amount
    trading_cutoff: CutoffDocument | None = None


class DriftDocument(_Strict):
    envelope_bps: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=10_000)]
    max_context_age_ms: Milliseconds
    max_mark_age_ms: Milliseconds


class RetryDocument(_Strict):
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 3


class BudgetDocument(_Strict):
    proposals_per_window: Annotated[int, Field(ge=1, le=1_000_000)]
    window_s: Annotated[int, Field(ge=1, le=86_400)]
    max_steps: Count
    max_model_calls: Count
    max_tool_calls: Count
    tokens_per_flow: Count
    rounds_per_flow: Annotated[int, Field(ge=1, le=10)]


class EscalationDocument(_Strict):
    confidence_threshold: Fraction = Decimal("0.7")
    max_exposure_usd: Amount = Decimal(10000)
    requires_human_approval: tuple[Action, ...] = ()
    budget_per_hour: Annotated[int, Field(ge=0, le=1_000)] = 3
    two_persons_above_usd: Amount | None = None


class EvidenceDocument(_Strict):
    required: tuple[str, ...] = ()


class ContractDocument(_Strict):
    agent_id: Identifier
    version: Annotated[str, StringConstraints(max_length=32)]
    owner: Identifier
    mission: Sentence
    scope: Sentence
    role: Identifier
    inputs: InputsDocument
    outputs: OutputsDocument
    accounts: Ids
    authority: Authority
    topologies: Annotated[tuple[Lane, ...], Field(max_length=3)]
    allowed_instruments: Ids
    allowed_actions: Annotated[tuple[Action, ...], Field(max_length=7)]
    forbidden_actions: Annotated[tuple[Action, ...], Field(max_length=7)] = ()
    allow_short: bool = False
    priority: Annotated[int, Field(ge=1, le=1_000)]
    veto: bool = False
    halt_ttl_s: Annotated[int, Field(ge=0, le=604_800)] = 0
    limits: LimitsDocument
    drift: DriftDocument
    retry: RetryDocument = RetryDocument()
    budget: BudgetDocument
    escalation: EscalationDocument = EscalationDocument()
    wake: Annotated[str, StringConstraints(max_length=512)] = ""
    evidence: EvidenceDocument = EvidenceDocument()
    abort_on_violations: tuple[str, ...] = ()
    compensation: Compensation = Compensation.ALERT_HUMAN
    terminate_on_max_loss: bool = False
