"""What became of a person's answer, for people and programs."""

from __future__ import annotations

from interlock.inbox_send import Ruled
from interlock.inbox_show import because as reason_text
from interlock.say import Exit, Stop, as_json, data
from schemas.models import HumanDecision, Verdict
from schemas.reasons import name_of


def tell_ruled(act: HumanDecision, ruled: Ruled, *, json_: bool) -> None:
    """Print what became of a person's answer. Raises Stop when a gate after it refused."""
    decided = ruled.decided
    if json_:
        as_json(
            {
                "dfid": act.dfid.hex(),
                "choice": act.choice.value,
                "seq": ruled.seq,
                "flow_status": (ruled.entry if decided is None else decided).flow_status.value,
                "verdict": None if decided is None else decided.verdict.value,
                "reason": None if decided is None else name_of(decided.reason),
                "decided_seq": ruled.decided_seq,
            }
        )
    else:
        data(f"{act.choice.value} {act.dfid.hex()}: folded at ledger seq {ruled.seq}")
    if decided is None:
        if not json_:
            data(f"the flow is {ruled.entry.flow_status.value}")
        return
    if not json_:
        why = "" if decided.reason == 0 else f" {reason_text(decided.reason, decided.facts)}"
        data(f"{decided.verdict.value}{why} -> {decided.flow_status.value} at ledger seq {ruled.decided_seq}")
    if decided.verdict is not Verdict.ACCEPTED:
        raise Stop(
            Exit.REFUSED,
            f"{name_of(decided.reason)}: nothing was executed",
            where=f"ledger seq {ruled.decided_seq}, a gate after the person's answer",
            why=reason_text(decided.reason, decided.facts),
            fix=f"interlock why {act.dfid.hex()}",
        )
