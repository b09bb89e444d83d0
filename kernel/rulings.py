"""A ruling as an entry: the exact signed bytes, what they were judged against, what was ruled."""

from __future__ import annotations

from kernel.case import Case
from kernel.outcome import Decided
from schemas.models import DecisionEntry, Envelope, InputRange, ReportEntry


def report_entry(case: Case, decided: Decided, received: InputRange) -> ReportEntry:
    """The REPORT entry of a folded report."""
    return ReportEntry(
        dfid=case.flow.dfid,
        attempt=case.flow.attempt,
        account=case.flow.account,
        flow_hash=case.claim.flow_hash,
        digest=case.claim.digest,
        body=case.claim.body,
        received=received,
        reason=decided.lane_reason,
        flow_status=decided.flow_status,
    )


def decision_entry(
    case: Case, decided: Decided, received: InputRange, sealed: Envelope | None
) -> DecisionEntry:
    """The DECISION entry: the exact signed bytes, what they were judged against and what was ruled."""
    return DecisionEntry(
        dfid=case.flow.dfid,
        attempt=case.flow.attempt,
        account=case.flow.account,
        flow_hash=case.claim.flow_hash,
        digest=case.claim.digest,
        body=case.claim.body,
        attestations=case.claim.attestations,
        received=received,
        mark=case.mark,
        snapshot_quote=case.quote,
        other_quotes=case.others,
        verdict=decided.ruling.verdict,
        reason=int(decided.ruling.reason),
        facts=decided.ruling.facts,
        flow_status=decided.flow_status,
        reopens=decided.reopens,
        intent=sealed,
    )
