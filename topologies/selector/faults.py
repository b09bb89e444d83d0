"""Why a record may not pass: a reason from the closed table, and words for operators."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.reasons import QuarantineReason
from schemas.wire import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record goes to quarantine; ``detail`` is for operators and decides nothing."""

    reason: QuarantineReason
    detail: str


def unreadable(error: Refused) -> Fault:
    """The fault of a value that the codec refused."""
    return Fault(reason=error.reason, detail=error.detail)
