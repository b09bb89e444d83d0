"""The arbiter's signed answer: all answers of the window and the winner; the kernel recomputes the winner.

Generated from schemas/avro/window_record.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.window_kind import WindowKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRecord:
    ledger: bytes
    account: str
    dfid: bytes
    flow_hash: bytes
    attempt: int
    kind: WindowKind
    answers: tuple[Envelope, ...]
    winner: bytes | None = None  # Digest of the winning answer.
    reason: int  # A LaneReason when nobody won.
    at: int
