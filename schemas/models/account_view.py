"""The hashed part of an account: what a decision may rest on.

Generated from schemas/avro/account_view.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.agent_standing import AgentStanding
from schemas.models.mandate_view import MandateView
from schemas.models.position import Position
from schemas.models.trading_state import TradingState


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    account: str
    version: int
    cash: Decimal
    reserved_cash: Decimal
    positions: tuple[Position, ...]
    standings: tuple[AgentStanding, ...]
    trading_state: TradingState
    halted_instruments: tuple[str, ...]
    open_intents: int
    mandates: tuple[MandateView, ...] = ()
    dirty: bool = False  # A flow failed after part of it was done: reducing actions only, until cleared.
