"""What the agent registry holds.

Generated from schemas/avro/document_kind.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class DocumentKind(StrEnum):
    SCHEMA = "SCHEMA"
    CONTRACT = "CONTRACT"
    RULES = "RULES"
    ROUTING = "ROUTING"
    INSTRUMENT = "INSTRUMENT"
    MODEL = "MODEL"
    KEY = "KEY"
