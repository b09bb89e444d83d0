"""A signed intent with its flow, asking attestors.

Generated from schemas/avro/evidence_request.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.flow_record import FlowRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequest:
    flow: FlowRecord
    intent: Envelope
