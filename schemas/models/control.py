"""A signed, numbered command of an operator or the watch.

Generated from schemas/avro/control.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.lane import Lane
from schemas.models.standing import Standing
from schemas.models.verb import Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    ledger: bytes
    serial: int
    verb: Verb
    account: str | None = None
    lane: Lane | None = None
    instrument: str | None = None
    agent_id: str | None = None
    amount: Decimal | None = None
    target: bytes | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    expires_at: int | None = None
    reason: str  # A closed word, never free text.
    at: int
    standing: Standing | None = None  # SUSPEND: how far; RESET: back to.
    text_key: str | None = None  # ERASE: the record on `explanations`; target is the commitment to its text.
