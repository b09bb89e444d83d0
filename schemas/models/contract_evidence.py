"""Which tiers of evidence a proof needs.

Generated from schemas/avro/contract_evidence.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvidence:
    required: tuple[str, ...]
