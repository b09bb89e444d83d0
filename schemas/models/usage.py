"""What an answer cost, signed.

Generated from schemas/avro/usage.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    model_calls: int
    tool_calls: int
    tokens_in: int
    tokens_out: int
    rounds: int
    inference_ms: int
