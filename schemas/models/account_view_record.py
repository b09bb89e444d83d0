"""An account view with its hash; marks and equity ride beside, unhashed.

Generated from schemas/avro/account_view_record.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.account_view import AccountView
from schemas.models.mark import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountViewRecord:
    view: AccountView
    view_hash: bytes
    equity: Decimal
    peak: Decimal
    day_start: Decimal
    deposits: Decimal
    realised: Decimal
    fees: Decimal
    marks: tuple[Mark, ...]
    at: int
