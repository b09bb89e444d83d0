"""The gates in the order of the law: one file, one question each.

A gate is told a case and answers None (pass), Refusal, Escalation or Duplicate; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from kernel.case import Case
from kernel.gates.admission import admission
from kernel.gates.authority import authority
from kernel.gates.breakers import breakers
from kernel.gates.drift import drift
from kernel.gates.escalation import escalation
from kernel.gates.evidence import evidence
from kernel.gates.idempotency import idempotency
from kernel.gates.integrity import integrity
from kernel.gates.limits import limits
from kernel.gates.reservation import reservation
from kernel.gates.standing import standing
from kernel.gates.validity import validity
from kernel.ruling import Answer

GATES: tuple[tuple[int, Callable[[Case], Answer]], ...] = (
    (1, integrity),
    (2, idempotency),
    (3, validity),
    (4, standing),
    (5, breakers),
    (6, admission),
    (7, authority),
    (8, evidence),
    (9, limits),
    (10, escalation),
    (11, drift),
    (12, reservation),
)
NOT_YET: frozenset[int] = (
    frozenset()
)  # gates that are asked but not yet in full; `interlock doctor` names them
