"""The exact signed bytes, what they were judged against and what was ruled.

Generated from schemas/avro/decision_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope
from schemas.models.fact import Fact
from schemas.models.flow_status import FlowStatus
from schemas.models.input_range import InputRange
from schemas.models.instrument_quote import InstrumentQuote
from schemas.models.quote_seen import QuoteSeen
from schemas.models.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEntry:
    dfid: bytes
    attempt: int
    account: str
    flow_hash: bytes
    digest: bytes
    body: Envelope
    attestations: tuple[Envelope, ...]
    received: InputRange
    mark: QuoteSeen | None = None  # The live mark it was judged against.
    snapshot_quote: QuoteSeen | None = None  # The quote at the snapshot's offset.
    verdict: Verdict
    reason: int
    facts: tuple[Fact, ...]
    flow_status: FlowStatus
    reopens: bool
    intent: Envelope | None = None  # The signed order, when accepted with effect.
    other_quotes: tuple[InstrumentQuote, ...] = ()  # At the offsets the snapshot names for its other instruments.
