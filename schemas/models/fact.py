"""A figure that rides with a refusal: measured or limit, never prose.

Generated from schemas/avro/fact.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    name: str
    value: Decimal
