"""A person's act and its verdict.

Generated from schemas/avro/human_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.fact import Fact
from schemas.models.flow_status import FlowStatus
from schemas.models.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanEntry:
    act: Envelope
    verdict: Verdict
    reason: int
    facts: tuple[Fact, ...]
    flow_status: FlowStatus
