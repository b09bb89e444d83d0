"""An agent as the kernel sees it; rightward by kernel, watch or operator, leftward by an operator.

Generated from schemas/avro/standing.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Standing(StrEnum):
    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    ESCALATION_ONLY = "ESCALATION_ONLY"
    PASSIVE = "PASSIVE"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"
