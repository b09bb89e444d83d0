"""How far an agent's word goes, in the words contracts are written in.

Generated from schemas/avro/authority.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class Authority(StrEnum):
    observe = "observe"
    propose = "propose"
    execute_limited = "execute_limited"
    execute_full = "execute_full"
