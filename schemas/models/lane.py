"""The topology a flow runs through.

Generated from schemas/avro/lane.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Lane(StrEnum):
    EOAM = "EOAM"
    SDS = "SDS"
    DLPCI = "DLPCI"
