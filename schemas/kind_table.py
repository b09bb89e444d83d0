"""The numbers of entry kinds and key roles: append-only tables, light enough for the offline verifier.

They stand apart from ``schemas.kinds`` because naming the message classes loads every model, and what the
verifier loads is counted.
"""

from enum import IntEnum

# Never renumbered, renamed or reused.
EntryKind = IntEnum("EntryKind", {
    "GENESIS": 0, "SCHEMA": 1, "CONTRACT": 2, "RULES": 3, "ROUTING": 4, "INSTRUMENT": 5, "MODEL": 6,
    "KEY": 7, "MANIFEST": 8, "BATCH": 9, "FLOW": 10, "DECISION": 11, "REPORT": 12, "REFUSAL": 13,
    "RECEIPT": 14, "ESCALATION": 15, "HUMAN": 16, "CONTROL": 17, "CHECKPOINT": 18, "EPOCH": 19, "CLOSE": 20,
})  # fmt: skip


# What a key may sign; one key, one role, validity from its KEY entry's own sequence.
Role = IntEnum("Role", {
    "ROOT": 0, "REGISTRY": 1, "KERNEL_LOG": 2, "KERNEL_INTENT": 3, "SELECTOR": 4, "ARBITER": 5, "AGENT": 6,
    "ATTESTOR": 7, "EXECUTOR": 8, "OPERATOR": 9, "PRINCIPAL": 10, "LEARNER": 11, "WATCH": 12,
})  # fmt: skip
