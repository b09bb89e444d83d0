"""The law as one pure function: the first refusal decides, and a person only if nothing later says no."""

from __future__ import annotations

from typing import assert_never

from kernel.case import Case
from kernel.gates import GATES
from kernel.gates.escalation import token
from kernel.measures import accepted_facts
from kernel.ruling import Duplicate, Escalation, Refusal, Ruling
from kernel.table import ESCALATION, FACES, REPORT
from schemas.models import Verdict


def judge(case: Case, faces: frozenset[int] | None = None) -> Ruling:
    """Rule on a case. Changes nothing; a gate that raises is a bug and stops the process.

    faces: the gates asked, when it is not the stance that says so.
    """
    if faces is None:
        faces = REPORT if case.intent is None else FACES[case.stance]
    escalation: Escalation | None = None
    for number, gate in GATES:
        if number in faces:
            answer = gate(case)
        elif number == ESCALATION and escalation is not None:
            answer = token(case)  # gate 4 asks for a person, and whoever asks pays
        else:
            continue
        match answer:
            case None:
                pass
            case Refusal():
                return Ruling(
                    verdict=Verdict.REJECTED,
                    reason=answer.reason,
                    facts=answer.facts,
                    signed=not answer.unsigned,
                )
            case Duplicate():
                return Ruling(
                    verdict=Verdict.DUPLICATE, reason=answer.reason, prior=answer.verdict, key=answer.key
                )
            case Escalation():
                escalation = escalation or answer
            case _:
                assert_never(answer)
    if escalation is not None:
        return Ruling(verdict=Verdict.ESCALATED, reason=escalation.reason, facts=escalation.facts)
    if case.intent is None:
        return Ruling(verdict=Verdict.REPORTED)
    return Ruling(verdict=Verdict.ACCEPTED, facts=accepted_facts(case))
