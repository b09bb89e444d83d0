"""One figure that the gates take from no contract.

Generated from schemas/avro/rule_parameter.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleParameter:
    name: str
    value: int
