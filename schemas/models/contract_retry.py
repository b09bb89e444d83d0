"""How often a flow may be tried again.

Generated from schemas/avro/contract_retry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRetry:
    max_attempts: int
