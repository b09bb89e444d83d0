"""What an agent proposes and signs.

Generated from schemas/avro/intent.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models.action import Action
from schemas.models.generation import Generation
from schemas.models.guidance import Guidance
from schemas.models.intent_kind import IntentKind
from schemas.models.lane import Lane
from schemas.models.mandate import Mandate
from schemas.models.refinement_round import RefinementRound
from schemas.models.time_in_force import TimeInForce
from schemas.models.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    ledger: bytes
    account: str
    lane: Lane
    kind: IntentKind
    dfid: bytes
    flow_hash: bytes
    step_id: str
    attempt: int
    agent_id: str
    contract_version: str
    action: Action
    instrument: str | None = None
    target: bytes | None = None  # For CANCEL: the intent key.
    quantity: Decimal
    limit_price: Decimal | None = None
    stop: Decimal | None = None
    target_price: Decimal | None = None
    time_in_force: TimeInForce
    valid_from: int
    valid_until: int
    drift_envelope_bps: Decimal
    state_hash: bytes
    confidence: Decimal
    usage: Usage
    guidance: Guidance | None = None
    rounds: tuple[RefinementRound, ...]
    explain_commitment: bytes
    evidence: bytes | None = None  # H_evidence (PCI only).
    generation: Generation | None = None
    mandate: Mandate | None = None  # MANDATE only.
