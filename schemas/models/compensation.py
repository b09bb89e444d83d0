"""What a terminal failure after partial execution runs.

Generated from schemas/avro/compensation.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Compensation(StrEnum):
    REVERT = "REVERT"
    CLOSE_ALL = "CLOSE_ALL"
    ALERT_HUMAN = "ALERT_HUMAN"
    NOOP = "NOOP"
