"""Return of the last price over a window, as a fraction.

Generated from schemas/avro/window_return.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowReturn:
    window_s: int
    value: Decimal
