"""The responsibility contract: what one agent may do, and under which limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from schemas.models import Action, IntentKind, Lane


class Authority(StrEnum):
    """How far an agent's word goes; no level skips a gate."""

    OBSERVE = "observe"  # HOLD and reports only
    PROPOSE = "propose"  # whatever passes goes to a person
    EXECUTE_LIMITED = "execute_limited"  # within limits and max_exposure_usd
    EXECUTE_FULL = "execute_full"  # exposure may exceed max_exposure_usd, never the limits


class Compensation(StrEnum):
    """What a terminal failure after partial execution runs."""

    REVERT = "REVERT"
    CLOSE_ALL = "CLOSE_ALL"
    ALERT_HUMAN = "ALERT_HUMAN"
    NOOP = "NOOP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What an agent is handed: signal kinds (QUOTE, TRADE, BAR, NEWS, TIMER, INSTRUCTION) and more."""

    signal_kinds: tuple[str, ...]
    instruments: tuple[str, ...]
    features: tuple[str, ...] = ()
    headlines: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """No new exposure at or after ``time`` (HH:MM, local to the IANA ``zone``)."""

    time: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Fractions (_pct) are of equity, 0.05 = 5 %; None = no such limit; 0 allows nothing."""

    max_position_size: Decimal  # quantity of one instrument; 0 allows nothing
    max_order_value: Decimal  # USD
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
    trading_cutoff: Cutoff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the world may have moved between looking and acting."""

    envelope_bps: Decimal
    max_context_age_ms: int
    max_mark_age_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What an agent may spend per window and per flow."""

    proposals_per_window: int
    window_s: int
    max_steps: int
    max_model_calls: int
    max_tool_calls: int
    tokens_per_flow: int
    rounds_per_flow: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """When a person decides."""

    confidence_threshold: Decimal = Decimal("0.7")
    max_exposure_usd: Decimal = Decimal(10000)
    # BUY, SELL or MANDATE, where they add risk: getting out waits for nobody, so lint refuses the rest.
    requires_human_approval: tuple[Action, ...] = ()
    budget_per_hour: int = 3
    two_persons_above_usd: Decimal | None = None  # an order worth more takes two signatures; None = never


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One signed grant; read through ``rules.contract_json``, never written by an agent."""

    agent_id: str
    version: str  # SemVer
    owner: str  # a role or desk id
    mission: str
    scope: str
    role: str
    inputs: Inputs
    outputs: tuple[IntentKind, ...]
    accounts: tuple[str, ...]
    authority: Authority
    topologies: tuple[Lane, ...]
    allowed_instruments: tuple[str, ...]
    allowed_actions: tuple[Action, ...]
    forbidden_actions: tuple[Action, ...] = ()
    allow_short: bool = False
    priority: int  # 1 = highest
    veto: bool = False
    halt_ttl_s: int = 0
    limits: Limits
    drift: Drift
    max_attempts: int = 3
    budget: Budget
    escalation: Escalation = field(default_factory=Escalation)
    wake: str = ""  # parsed by rules.wake, never evaluated; empty = always
    evidence_tiers: tuple[str, ...] = ()
    abort_on_violations: tuple[str, ...] = ()  # names of gate 9 reasons that end the flow
    compensation: Compensation = Compensation.ALERT_HUMAN
    terminate_on_max_loss: bool = False  # the account's end, not only the agent's
