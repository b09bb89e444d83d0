"""Life of a flow; REJECTED is final unless the decision says that it reopens.

Generated from schemas/avro/flow_status.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class FlowStatus(StrEnum):
    ACTIVE = "ACTIVE"
    VALIDATING = "VALIDATING"
    REJECTED = "REJECTED"
    EXHAUSTED = "EXHAUSTED"
    ESCALATED = "ESCALATED"
    EXECUTING = "EXECUTING"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"
    ABORTED = "ABORTED"
