"""A draft the mechanical checker sent back.

Generated from schemas/avro/refinement_round.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinementRound:
    draft_digest: bytes
    violations: tuple[int, ...]
