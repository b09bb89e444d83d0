"""The evidence policy that drove a decision.

Generated from schemas/avro/guidance.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    policy_hash: bytes
    source: str
