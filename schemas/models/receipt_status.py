"""The venue declines; the kernel rejects.

Generated from schemas/avro/receipt_status.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class ReceiptStatus(StrEnum):
    SENT = "SENT"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    NOT_SENT = "NOT_SENT"
    UNKNOWN = "UNKNOWN"
