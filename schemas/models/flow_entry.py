"""A whole flow, once, before the first decision that names it.

Generated from schemas/avro/flow_entry.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEntry:
    flow: Envelope
