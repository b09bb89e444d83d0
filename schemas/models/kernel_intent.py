"""An order to the executor, signed by the kernel.

Generated from schemas/avro/kernel_intent.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.action import Action
from schemas.models.mark import Mark
from schemas.models.time_in_force import TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelIntent:
    ledger: bytes
    account: str
    dfid: bytes
    step_id: str
    attempt: int
    key: bytes  # Idempotency key; first 16 bytes in hex are the client order id.
    action: Action
    instrument: str
    side: str
    quantity: Decimal
    limit_price: Decimal  # Protective limit: the drift envelope rides to the venue.
    time_in_force: TimeInForce
    valid_until: int
    quote: Mark  # The quote it was judged against.
    cancels: bytes | None = None
    seq: int  # Ledger sequence of the decision.
    at: int
