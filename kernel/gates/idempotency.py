"""Gate 2: was this envelope answered, this step taken, is this attempt the open one?"""

from __future__ import annotations

from kernel.case import Case, Stance
from kernel.ruling import Answer, Duplicate, Refusal
from kernel.state.memory import Prior
from kernel.table import ADMISSION, FACES
from ledger.intents import key_of_intent
from schemas.models import FlowStatus, Intent, Verdict, WindowKind
from schemas.reasons import Reason


def idempotency(case: Case) -> Answer:
    """A redelivery gets its prior answer; a HALT is asked nothing else, an approval nothing at all."""
    if case.approval is not None:
        return None
    prior = _prior(case)
    if prior is not None:
        reported = prior.verdict is Verdict.REPORTED  # its reason is a lane's, of another table
        return Duplicate(
            verdict=prior.verdict, reason=Reason.NONE if reported else prior.reason, key=prior.key
        )
    if case.stance is Stance.HALT:
        return None
    if case.known is None:
        return None if case.flow.attempt == 1 else _closed(Reason.ATTEMPT_CLOSED)
    if case.known.exhausted and case.intent is not None and ADMISSION in FACES[case.stance]:
        return None  # its later answers are REASONING_EXHAUSTION, at gate 6; what skips 6 is asked here
    if case.intent is not None:
        taken = case.known.steps.get(case.intent.step_id)
        if taken is not None:
            return _second(case, case.intent, taken)
    if case.flow.attempt != case.known.open_attempt:
        return _closed(Reason.ATTEMPT_CLOSED)
    if case.known.answered:
        return _closed(Reason.FLOW_CLOSED)
    return None


def _prior(case: Case) -> Prior | None:
    """What was answered to these bytes; a late HALT is its author's word, whoever wraps it anew."""
    priors, window = case.state.memory.priors, case.claim.window
    prior = priors.get(case.claim.digest)
    if prior is not None or window is None or window.kind is not WindowKind.LATE:
        return prior
    return None if window.winner is None else priors.get(window.winner)


def _second(case: Case, intent: Intent, taken: bytes) -> Answer:
    """The same order meant twice is a duplicate; another one for the same step is refused."""
    if key_of_intent(intent) != taken:
        return _closed(Reason.STEP_ALREADY_DECIDED)
    waiting = case.known is not None and case.known.status is FlowStatus.ESCALATED
    verdict = Verdict.ESCALATED if waiting else Verdict.ACCEPTED
    return Duplicate(verdict=verdict, reason=Reason.NONE, key=taken)


def _closed(reason: Reason) -> Refusal:
    return Refusal(reason=reason)
