"""A worker's signed hello.

Generated from schemas/avro/manifest.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.intent_kind import IntentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    ledger: bytes
    agent_id: str
    contract_version: str
    contract_hash: bytes
    schema_majors: tuple[str, ...]
    policy_types: tuple[IntentKind, ...]
    model_hash: bytes | None = None
    grammar_hash: bytes | None = None
    at: int
