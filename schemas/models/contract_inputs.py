"""What an agent is handed.

Generated from schemas/avro/contract_inputs.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.signal_kind import SignalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractInputs:
    signal_kinds: tuple[SignalKind, ...]
    instruments: tuple[str, ...]
    features: tuple[str, ...]
    headlines: bool
