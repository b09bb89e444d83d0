"""What may wake an agent.

Generated from schemas/avro/signal_kind.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class SignalKind(StrEnum):
    QUOTE = "QUOTE"
    TRADE = "TRADE"
    BAR = "BAR"
    NEWS = "NEWS"
    TIMER = "TIMER"
    INSTRUCTION = "INSTRUCTION"
