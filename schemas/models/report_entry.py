"""A folded report and where it left the flow.

Generated from schemas/avro/report_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.flow_status import FlowStatus
from schemas.models.input_range import InputRange


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    dfid: bytes
    attempt: int
    account: str
    flow_hash: bytes
    digest: bytes
    body: Envelope
    received: InputRange
    reason: int
    flow_status: FlowStatus
