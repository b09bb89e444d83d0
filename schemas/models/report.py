"""An answer without an intent, with a closed lane reason.

Generated from schemas/avro/report.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.fact import Fact
from schemas.models.lane import Lane
from schemas.models.report_kind import ReportKind
from schemas.models.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    ledger: bytes
    account: str
    lane: Lane
    dfid: bytes
    flow_hash: bytes
    step_id: str
    attempt: int
    agent_id: str
    contract_version: str
    kind: ReportKind
    reason: int  # A LaneReason.
    facts: tuple[Fact, ...]
    usage: Usage
    explain_commitment: bytes
    at: int
