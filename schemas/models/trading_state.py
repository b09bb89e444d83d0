"""What an account, instrument, lane or the whole ledger may do.

Generated from schemas/avro/trading_state.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class TradingState(StrEnum):
    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"
    TERMINATED = "TERMINATED"
