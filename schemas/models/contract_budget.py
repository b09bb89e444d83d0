"""What an agent may spend per window and per flow.

Generated from schemas/avro/contract_budget.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractBudget:
    proposals_per_window: int
    window_s: int
    max_steps: int
    max_model_calls: int
    max_tool_calls: int
    tokens_per_flow: int
    rounds_per_flow: int
