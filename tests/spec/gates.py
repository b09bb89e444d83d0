"""The gates of the naive specification in the order of the law, as the design's table tells them.

A gate answers None, a Reason (no), ("ASK", reason) or ("AGAIN", verdict, reason, key).
"""

from schemas import models as m
from schemas.reasons import Reason as R
from tests.spec.book import SECOND, SEVERE
from tests.spec.integrity import integrity
from tests.spec.limits import breakers, drift, escalation, evidence, limits, reservation

BUSY = ("ESCALATED", "EXECUTING", "SUSPENDED")


def idempotency(spec, case):
    known, intent = case.known, case.intent
    if case.approval:
        return None
    prior = spec.priors.get(case.claim.digest)
    if prior:
        reported = prior["verdict"] is m.Verdict.REPORTED
        return "AGAIN", prior["verdict"], R.NONE if reported else prior["reason"], prior["key"]
    if case.stance == "HALT":
        return None
    if intent and known["exhausted"] and 6 in FACES[case.stance]:
        return None  # REASONING_EXHAUSTION, at gate 6
    taken = intent and known["steps"].get(intent.step_id)
    if taken:
        if taken[0] != case.meaning:
            return R.STEP_ALREADY_DECIDED
        waits = known["status"] == "ESCALATED"
        return "AGAIN", m.Verdict.ESCALATED if waits else m.Verdict.ACCEPTED, R.NONE, taken[1]
    if case.flow.attempt != known["open_attempt"]:
        return R.ATTEMPT_CLOSED
    return R.FLOW_CLOSED if spec.final(known) or known["status"] in BUSY else None


def validity(spec, case):
    if spec.now < case.intent.valid_from:
        return R.NOT_YET_VALID
    until = case.flow.flow_expires_at if case.approval else case.intent.valid_until
    late = spec.now > min(until, case.flow.flow_expires_at)
    return R.TTL_EXPIRED if late or case.flow.trigger.event_time <= spec.horizon else None


def standing(spec, case):
    account, name, agents = case.account, case.intent.instrument, spec.standing(case.account, case.agent)
    states = [spec.world, account["state"], spec.lanes.get(case.flow.lane, m.TradingState.ACTIVE)]
    states += [each[name] for each in (spec.instruments, account["instruments"]) if name in each]
    if any(scope in ("*", name) and until > spec.now for scope, until in account["halts"].items()):
        states.append(m.TradingState.HALTED)
    worst, quiet = max(states, key=SEVERE.index), case.stance in ("HALT", "HOLD")
    if not quiet and case.stance != "CANCEL":
        if worst is m.TradingState.HALTED:
            return R.TRADING_HALTED
        if worst is not m.TradingState.ACTIVE and case.stance != "REDUCING":
            return R.REDUCING_ONLY
    if agents in ("SUSPENDED", "RETIRED"):
        return R[f"AGENT_{agents}"]
    if quiet or agents == "ACTIVE" or (agents == "DEGRADED" and case.stance in ("REDUCING", "CANCEL")):
        return None
    if agents == "ESCALATION_ONLY":
        return None if case.approval else ("ASK", R.AGENT_ESCALATION_ONLY)
    return R[f"AGENT_{agents}"]


def admission(spec, case):
    budget, usage, agent = case.law["budget"], case.intent.usage, (case.account["name"], case.agent)
    tokens = case.known["tokens"].get(case.agent, 0)
    if not case.approval:
        if spec.count("admitted", agent, budget["window_s"] * SECOND) >= budget["proposals_per_window"]:
            return R.RATE_LIMITED
        tokens += usage.tokens_in + usage.tokens_out
    spent = (
        (usage.model_calls, "max_model_calls"), (usage.tool_calls, "max_tool_calls"),
        (tokens, "tokens_per_flow"), (usage.rounds, "rounds_per_flow"), (len(case.flow.steps), "max_steps"),
    )  # fmt: skip
    if any(used > budget[name] for used, name in spent):
        return R.BUDGET_EXCEEDED
    return R.REASONING_EXHAUSTION if case.known["exhausted"] and not case.approval else None


def authority(spec, case):
    law, intent = case.law, case.intent
    if intent.action in law["forbidden_actions"] or intent.action not in law["allowed_actions"]:
        return R.ACTION_FORBIDDEN
    if intent.instrument and not (intent.instrument in law["allowed_instruments"] and case.tick):
        return R.UNAUTHORIZED_INSTRUMENT
    if intent.account not in law["accounts"]:
        return R.UNAUTHORIZED_ACCOUNT
    beyond = (law["authority"] == "observe" and intent.action not in ("HOLD", "HALT")) or (
        intent.kind not in law["outputs"]["policy_types"]
        or (intent.action == "HALT" and not law["veto"])
        or intent.action == "MANDATE"
    )
    return R.AUTHORITY_EXCEEDED if beyond else R.PARENT_AUTHORITY_EXCEEDED if case.flow.parent else None


GATES = (integrity, idempotency, validity, standing, breakers, admission, authority, evidence, limits,
         escalation, drift, reservation)  # fmt: skip
FACES = {
    "REPORT": {1, 2}, "HALT": {1, 2, 3, 4, 7}, "CANCEL": {1, 2, 3, 4, 7}, "HOLD": set(range(1, 9)),
    "REDUCING": {1, 2, 3, 4, 7, 8, 9, 11, 12}, "INCREASING": set(range(1, 13)),
}  # fmt: skip


def judge(spec, case):
    """Verdict, reason and, for a redelivery, the key of the order it became."""
    asked = None
    for number, gate in enumerate(GATES, 1):
        answer = gate(spec, case) if number in FACES[case.stance] else None
        if answer is None:
            continue
        if isinstance(answer, R):
            return m.Verdict.REJECTED, answer, None
        if answer[0] == "AGAIN":
            return m.Verdict.DUPLICATE, answer[2], (answer[1], answer[3])
        asked = asked or answer[1]
    if asked:
        return m.Verdict.ESCALATED, asked, None
    return m.Verdict.REPORTED if case.stance == "REPORT" else m.Verdict.ACCEPTED, R.NONE, None
