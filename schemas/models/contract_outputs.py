"""What an agent may answer with.

Generated from schemas/avro/contract_outputs.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.intent_kind import IntentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractOutputs:
    policy_types: tuple[IntentKind, ...]
