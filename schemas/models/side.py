"""Which way a mandate trades.

Generated from schemas/avro/side.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"
