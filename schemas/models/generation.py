"""What produced a decision atom.

Generated from schemas/avro/generation.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    model_hash: bytes
    grammar_hash: bytes
    prompt_hash: bytes
    fingerprint: str
    text: str  # The grammar's own slots, a closed vocabulary.
    mass: Decimal
    margin: Decimal
