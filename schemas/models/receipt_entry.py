"""A signed receipt and where it left the flow.

Generated from schemas/avro/receipt_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.compensation_ruling import CompensationRuling
from schemas.models.envelope import Envelope
from schemas.models.flow_status import FlowStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEntry:
    receipt: Envelope
    dfid: bytes
    flow_status: FlowStatus
    compensations: tuple[CompensationRuling, ...] = ()
