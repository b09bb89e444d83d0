"""The law's version and its parameters, sorted by name.

Generated from schemas/avro/rule_set.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.rule_parameter import RuleParameter


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    law: str
    parameters: tuple[RuleParameter, ...]
