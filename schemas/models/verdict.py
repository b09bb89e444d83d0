"""What the kernel ruled; REPORTED is a folded report.

Generated from schemas/avro/verdict.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Verdict(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    ESCALATED = "ESCALATED"
    DUPLICATE = "DUPLICATE"
    REPORTED = "REPORTED"
