"""Gate 3: is it time?"""

from __future__ import annotations

from kernel.case import Case
from kernel.ruling import Answer, Refusal, facts
from schemas.reasons import Reason


def validity(case: Case) -> Answer:
    """valid_from ≤ now ≤ valid_until, the flow not expired and not older than what memory still holds."""
    assert case.intent is not None
    if case.now < case.intent.valid_from:
        return Refusal(reason=Reason.NOT_YET_VALID, facts=facts(early_us=case.intent.valid_from - case.now))
    # An approved intent lives as long as its flow: a person needs longer than an agent's validity.
    until = case.flow.flow_expires_at if case.approval is not None else case.intent.valid_until
    ends = [until, case.flow.flow_expires_at]
    if case.intent.mandate is not None:
        ends.append(case.intent.mandate.expires_at)  # a frame that is over frames nothing
    late = case.now - min(ends)
    if late > 0:
        return Refusal(reason=Reason.TTL_EXPIRED, facts=facts(late_us=late))
    if case.flow.trigger.event_time <= case.state.memory.horizon:
        behind = case.state.memory.horizon - case.flow.trigger.event_time
        return Refusal(reason=Reason.TTL_EXPIRED, facts=facts(behind_horizon_us=behind))
    return None
