"""A learned, signed hint; it guides agents and changes no verdict.

Generated from schemas/avro/evidence_policy.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePolicy:
    policy_id: str
    version: int
    body: bytes
