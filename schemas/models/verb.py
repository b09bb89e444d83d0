"""Signed commands.

Generated from schemas/avro/verb.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Verb(StrEnum):
    OPEN = "OPEN"
    FUND = "FUND"
    WITHDRAW = "WITHDRAW"
    CLOSE = "CLOSE"
    SETTLE = "SETTLE"
    CLEAR = "CLEAR"
    HALT = "HALT"
    REDUCE = "REDUCE"
    RESUME = "RESUME"
    SUSPEND = "SUSPEND"
    RETIRE = "RETIRE"
    RESET = "RESET"
    ERASE = "ERASE"
    SKIP = "SKIP"
    CLOSE_LEDGER = "CLOSE_LEDGER"
