"""Why an arbitration window closed.

Generated from schemas/avro/window_kind.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class WindowKind(StrEnum):
    COMPLETE = "COMPLETE"
    DEADLINE = "DEADLINE"
    LATE = "LATE"
