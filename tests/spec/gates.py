"""The gates of the naive specification in the order of the law, as the design's table tells them.

A gate answers None, a Reason (no), ("ASK", reason) or ("AGAIN", verdict, reason, key).
"""

from schemas import models as m
from schemas.reasons import Reason
from tests.spec.book import SECOND, T, said, severest
from tests.spec.evidence import evidence
from tests.spec.integrity import integrity
from tests.spec.limits import breakers, drift, escalation, judged_price, limits, no_token, reservation

R = Reason

BUSY = ("ESCALATED", "EXECUTING", "SUSPENDED")


def idempotency(spec, case):
    known, intent = case.known, case.intent
    if case.approval:
        return None
    prior, window = spec.priors.get(case.claim.digest), case.claim.window
    if window and window.kind == "LATE":
        prior = prior or spec.priors.get(window.winner)
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
    ends = [
        case.flow.flow_expires_at if case.approval else case.intent.valid_until,
        case.flow.flow_expires_at,
    ]
    ends += [case.intent.mandate.expires_at] if case.intent.mandate else []
    late = spec.now > min(ends)
    return R.TTL_EXPIRED if late or case.flow.trigger.event_time <= spec.horizon else None


def standing(spec, case):
    account, name, agent = case.account, case.intent.instrument, spec.standing(case.account, case.agent)
    everywhere = ("*", ("lane", case.flow.lane), ("instrument", name))
    states = said(spec.words, spec.now, *everywhere) + said(account["words"], spec.now, "*", name)
    states += [T.TERMINATED] * account["terminated"] + [T.REDUCING] * bool(account["dirty"])
    states += [
        T.HALTED for scope, until in account["halts"].items() if scope in ("*", name) and until > spec.now
    ]
    worst, quiet = severest(states), case.stance in ("HALT", "HOLD")
    if not quiet and case.stance != "CANCEL":
        if worst is T.HALTED:
            return R.TRADING_HALTED
        if worst is not T.ACTIVE and case.stance != "REDUCING":
            return R.REDUCING_ONLY
    if case.intent.step_id.startswith("comp-"):
        return None  # the kernel's own order asks nothing of who failed
    if agent in ("SUSPENDED", "RETIRED"):
        return R[f"AGENT_{agent}"]
    if quiet or agent == "ACTIVE" or (agent == "DEGRADED" and case.stance in ("REDUCING", "CANCEL")):
        return None
    if agent == "ESCALATION_ONLY":
        return None if case.approval else ("ASK", R.AGENT_ESCALATION_ONLY)
    return R[f"AGENT_{agent}"]


def admission(spec, case):
    budget, usage, agent = case.own["budget"], case.intent.usage, (case.account["name"], case.agent)
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
    law, intent, action = case.own, case.intent, case.intent.action
    meant = [action, m.Action[intent.mandate.side.name]] if action == "MANDATE" else [action]
    if any(x in law["forbidden_actions"] or x not in law["allowed_actions"] for x in meant):
        return R.ACTION_FORBIDDEN
    taken = case.account["orders"].get(intent.target) if action == "CANCEL" else None
    names = {x for x in (intent.instrument, taken and taken["instrument"]) if x}
    if len(names) > 1 or any(x not in law["allowed_instruments"] or x not in spec.ticks for x in names):
        return R.UNAUTHORIZED_INSTRUMENT
    if intent.account not in law["accounts"]:
        return R.UNAUTHORIZED_ACCOUNT
    if action == "CANCEL" and (taken is None or taken["step"].startswith("comp-")):
        return R.AUTHORITY_EXCEEDED
    watches = law["authority"] == "observe" and action not in ("HOLD", "HALT")
    if watches or intent.kind not in law["outputs"]["policy_types"] or (action == "HALT" and not law["veto"]):
        return R.AUTHORITY_EXCEEDED
    if case.flow.parent is None or action not in ("BUY", "SELL", "MANDATE"):
        return None  # what protects needs no parent
    return None if action != "MANDATE" and within_mandate(spec, case) else R.PARENT_AUTHORITY_EXCEEDED


def within_mandate(spec, case):
    """In force, of an agent that still stands, on a road it was granted; side, instrument, band and sum."""
    frame, price = case.mandate, judged_price(case)
    stands = frame and spec.standing(case.account, frame["agent"])
    if frame is None or stands in ("SUSPENDED", "RETIRED"):
        return False
    if case.stance == "INCREASING":
        if stands != "ACTIVE" or (case.account["name"], frame["agent"]) in spec.latched:
            return False
    meant = (case.intent.action.name, case.intent.instrument) == (frame["side"].name, frame["instrument"])
    banded = price is not None and frame["low"] <= price <= frame["high"]
    road = case.flow.lane in frame["law"]["topologies"]
    return road and meant and banded and frame["used"] + case.quantity <= frame["total"]


GATES = (integrity, idempotency, validity, standing, breakers, admission, authority, evidence, limits,
         escalation, drift, reservation)  # fmt: skip
FACES = {
    "REPORT": {1, 2}, "HALT": {1, 2, 3, 4, 7}, "CANCEL": {1, 2, 3, 4, 7}, "HOLD": set(range(1, 9)),
    "REDUCING": {1, 2, 3, 4, 7, 8, 9, 11, 12}, "INCREASING": set(range(1, 13)), "MANDATE": set(range(1, 13)),
}  # fmt: skip


def judge(spec, case, faces=None):
    """Verdict, reason and, for a redelivery, its prior verdict and the key of the order it became."""
    asked = None
    for number, gate in enumerate(GATES, 1):
        answer = gate(spec, case) if number in (faces or FACES[case.stance]) else None
        if number == 10 and asked and 10 not in (faces or FACES[case.stance]):
            answer = no_token(spec, case)  # gate 4 asks for a person, and whoever asks pays
        if isinstance(answer, R):
            return m.Verdict.REJECTED, answer, None
        if answer and answer[0] == "AGAIN":
            return m.Verdict.DUPLICATE, answer[2], (answer[1], answer[3])
        if answer:
            asked = asked or answer[1]
    if asked:
        return m.Verdict.ESCALATED, asked, None
    return m.Verdict.REPORTED if case.stance == "REPORT" else m.Verdict.ACCEPTED, R.NONE, None


def judge_compensation(spec, case):
    """The kernel's own order has no signer, flow or context to be asked about."""
    return judge(spec, case, {4, 7, 9, 11, 12})[:2]
