"""The other signed answer.

Generated from schemas/avro/report_kind.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class ReportKind(StrEnum):
    NO_PROPOSAL = "NO_PROPOSAL"
    ESCALATE = "ESCALATE"
    EXHAUSTED = "EXHAUSTED"
    REFUSED = "REFUSED"
