"""What waits for a person.

Generated from schemas/avro/escalation.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.fact import Fact
from schemas.models.holding_diff import HoldingDiff
from schemas.models.mark import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    account: str
    dfid: bytes
    attempt: int
    reason: int
    facts: tuple[Fact, ...]
    payload_digest: bytes
    mark: Mark | None = None
    expires_at: int
    seq: int
    at: int
    agent_id: str | None = None
    body: Envelope | None = None  # The exact payload whose digest a person must name.
    diff: HoldingDiff | None = None
    persons: int = 1  # How many signatures an answer needs.
