"""An attestor's signed finding on one intent.

Generated from schemas/avro/attestation.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    ledger: bytes
    account: str
    dfid: bytes
    attempt: int
    intent_digest: bytes
    attestor_id: str
    tier: str
    agrees: bool
    artifact_hash: bytes
    facts: tuple[Fact, ...]
    at: int
