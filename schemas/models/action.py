"""What an agent may propose; HOLD and no proposal are different things.

Generated from schemas/avro/action.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Action(StrEnum):
    BUY = "BUY"
    SELL = "SELL"
    CLOSE = "CLOSE"
    CANCEL = "CANCEL"
    HOLD = "HOLD"
    HALT = "HALT"
    MANDATE = "MANDATE"
