"""Immediate or cancel; good till valid_until.

Generated from schemas/avro/time_in_force.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class TimeInForce(StrEnum):
    IOC = "IOC"
    GTT = "GTT"
