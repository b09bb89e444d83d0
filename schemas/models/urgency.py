"""How long the sender thinks an answer may take.

Generated from schemas/avro/urgency.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Urgency(StrEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
