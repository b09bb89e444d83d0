"""What a person may answer.

Generated from schemas/avro/human_choice.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class HumanChoice(StrEnum):
    OVERRIDE = "OVERRIDE"
    MODIFY = "MODIFY"
    ABORT = "ABORT"
