"""PolicyProposal of a mesh agent, DecisionAtom, ProofCarryingIntent.

Generated from schemas/avro/intent_kind.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class IntentKind(StrEnum):
    POLICY = "POLICY"
    ATOM = "ATOM"
    PCI = "PCI"
