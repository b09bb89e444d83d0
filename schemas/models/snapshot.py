"""All that the agents of a flow may look at; no field is newer than taken_at.

Generated from schemas/avro/snapshot.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.account_view import AccountView
from schemas.models.headline_digest import HeadlineDigest
from schemas.models.instrument_view import InstrumentView


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    taken_at: int
    feature_version: int
    rules_hash: bytes
    instruments: tuple[InstrumentView, ...]
    headlines: tuple[HeadlineDigest, ...]
    account: AccountView
    account_hash: bytes
    equity: Decimal
    peak: Decimal
    day_start: Decimal
