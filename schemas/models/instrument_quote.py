"""The quote at the offset a snapshot names for one instrument; absent when it is not kept any more.

Generated from schemas/avro/instrument_quote.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.quote_seen import QuoteSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentQuote:
    instrument: str
    quote: QuoteSeen | None = None
