"""How the naive specification rules: the entry of an answer or a receipt, and what that leaves behind."""

from schemas import models as m
from schemas.reasons import LaneReason, Reason
from tests.spec import book
from tests.spec.book import ORDER_LIFE
from tests.spec.case import case_of
from tests.spec.effects import escalate, frame, halt, passive, remember, spend, token_left
from tests.spec.gates import BUSY, FACES, judge
from tests.spec.integrity import ASKING, integrity, sound_context, weight
from tests.spec.venue import protective_limit, reserve

R = Reason

S = m.FlowStatus
NOTHING = (LaneReason.NONE, LaneReason.NO_EDGE, LaneReason.NOT_CONCERNED)
WINDOW_ASKS = (*ASKING, LaneReason.ESCALATED, LaneReason.ESCALATED_BY_VETO, LaneReason.EXHAUSTED)


def proposal(spec, claim):
    known = spec.flows.get(claim.flow.dfid)
    new = known is None or claim.context not in known["contexts"]
    case = case_of(spec, claim)
    if case.fault or (new and not (sound_context(case) and claim.flow.ledger == spec.ledger)):
        spec.out.append(("REFUSAL", integrity(spec, case)))
    elif new and known and len(known["contexts"]) >= 16:
        spec.out.append(("REFUSAL", R.MALFORMED))
    else:
        if new:
            spec.out.append(("FLOW", claim.flow.dfid))
            open_flow(spec, claim, known)
        rule(spec, claim)


def open_flow(spec, claim, known):
    """The first context opens the flow; that of the attempt waited for replaces the last one's."""
    flow = claim.flow
    if known is None:
        spec.flows[flow.dfid] = {
            "dfid": flow.dfid, "account": flow.account, "expires": flow.flow_expires_at, "exhausted": False,
            "open_attempt": 1, "attempt": flow.attempt, "context": claim.context, "opened": claim,
            "contexts": [claim.context], "status": S.ACTIVE, "reopens": False, "steps": {}, "tokens": {},
            "held": None, "look": flow.trigger.event_time, "traded": {}, "dirty": False, "compensations": 0,
            "settled": {}, "woke": flow.trigger.event_time,
        }  # fmt: skip
        return
    known["contexts"].append(claim.context)
    if known["reopens"] and flow.attempt == known["open_attempt"]:
        known |= {"attempt": flow.attempt, "context": claim.context, "opened": claim}
        known |= {"status": S.ACTIVE, "reopens": False}
        known["expires"] = max(known["expires"], flow.flow_expires_at)


def rule(spec, claim, approval=None):
    """Judge and fold: the entry, then what it consumes, takes, reserves or ends."""
    case = case_of(spec, claim, approval)
    verdict, reason, prior = judge(spec, case)
    if verdict is m.Verdict.REPORTED:
        return report(spec, case)
    known, intent, no = case.known, case.intent, verdict is m.Verdict.REJECTED
    beside, (status, reopens, order) = loose(spec, case), outcome(spec, case, verdict, reason)
    heard = prior and told(spec, case, *prior)
    spec.out.append(
        ("DECISION", claim.flow.dfid, claim.flow.attempt, verdict, reason, status, reopens, order, heard)
    )
    if approval and no and reason.gate <= 2:  # a person's word is used up, whoever refuses it
        known |= {"status": S.REJECTED, "held": None, "steps": {}}
    if verdict is m.Verdict.DUPLICATE or (no and reason.gate <= 2):
        return None
    remember(spec, case, verdict, reason, b"" if no else claim.key)
    agent = (case.account["name"], case.agent)
    if not approval and not is_late(case):
        spend(spec, known, case.agent, intent.usage)
        if 6 in FACES[case.stance] and not (no and reason.gate <= 6):
            spec.stamps.append(("admitted", agent, spec.now))
    if verdict is m.Verdict.ACCEPTED and intent.action == "HALT":
        halt(spec, case)
    if beside:
        return None
    if reason is R.ESCALATION_BUDGET_EXHAUSTED:
        passive(spec, *agent)
    if reason is R.MAX_LOSS and case.account["deposits"] > case.account["withdrawals"]:
        spec.latched.add(agent)
    known |= {"status": status, "reopens": reopens, "held": None}
    if no:
        known["steps"].pop(intent.step_id, None)
        known["open_attempt"] += reopens
    else:
        known["steps"][intent.step_id] = (case.meaning, claim.key)
    if verdict is m.Verdict.ACCEPTED and order and intent.action != "CANCEL":
        reserve(case.account, case, order[6])
    if verdict is m.Verdict.ACCEPTED and intent.action == "MANDATE":
        frame(case)
    if status in (S.ESCALATED, S.EXHAUSTED):
        known["held"] = claim
    if status is S.ESCALATED and reason.gate != 11:  # getting out without a live price is free
        spec.stamps.append(("escalated", agent, spec.now))
    if status is S.EXHAUSTED:
        known["exhausted"] = True
        book.settle_views(spec)
        left = token_left(spec, case, case.agent)
        escalate(spec, known, R.REASONING_EXHAUSTION, S.ESCALATED if left else S.ABORTED)
        if left:
            spec.stamps.append(("escalated", agent, spec.now))
        else:
            passive(spec, *agent)
    return None


def told(spec, case, verdict, key):
    """What a redelivery hears: the receipt so far, PENDING in flight, else the prior verdict."""
    order = case.account and case.account["orders"].get(key)
    return (order["status"] or "PENDING") if order else verdict.value


def loose(spec, case):
    """Whether an answer says nothing of its flow: a late HALT, or any answer to what is over or busy."""
    known = case.known
    busy = spec.final(known) or known["status"] in BUSY
    return is_late(case) or (busy and not case.approval)


def is_late(case):
    return case.claim.window and case.claim.window.kind == "LATE"


def outcome(spec, case, verdict, reason):
    known, intent = case.known, case.intent
    if verdict is m.Verdict.ACCEPTED:
        idle = intent.action in ("HOLD", "HALT", "MANDATE")
        status = S.CLOSED if idle or intent.action == "CANCEL" else S.EXECUTING
        return known["status"] if loose(spec, case) else status, False, None if idle else order_of(spec, case)
    if verdict is m.Verdict.ESCALATED:
        return S.ESCALATED, False, None
    if verdict is m.Verdict.REJECTED and case.approval:
        return S.REJECTED, False, None
    if verdict is m.Verdict.DUPLICATE or reason.gate <= 2 or loose(spec, case):
        return known["status"], False, None
    if not reason.curable:
        return S.REJECTED, False, None
    if case.flow.attempt >= case.law["retry"]["max_attempts"]:
        return S.EXHAUSTED, False, None
    return S.REJECTED, True, None


def order_of(spec, case):
    """Key, instrument, side, quantity, limit, life, and what it takes back."""
    intent, until = case.intent, min(case.flow.flow_expires_at, spec.now + ORDER_LIFE)
    if case.mandate and intent.action in ("BUY", "SELL"):
        until = min(until, case.mandate["until"])
    if intent.action == "CANCEL":
        target = case.account["orders"].get(intent.target, {"instrument": ""})
        name = intent.instrument or target["instrument"]
        return case.key, name, "", 0, 0, m.TimeInForce.IOC, until, intent.target
    side, limit = "SELL" if case.sells else "BUY", protective_limit(case)
    return case.key, intent.instrument, side, case.quantity, limit, intent.time_in_force, until, None


def report(spec, case):
    """NO_PROPOSAL closes; what asks for a person escalates while a token is left; all else aborts."""
    window, said, known = case.claim.window, case.said, case.known
    reason = window.reason if window else said.reason
    asks = reason in WINDOW_ASKS or (not window and said.kind in ("ESCALATE", "EXHAUSTED"))
    closes = reason in NOTHING if window else said.kind == "NO_PROPOSAL"
    names = [x.agent_id for x in case.flow.woken]
    asked = [body.agent_id for _, body, _ in case.claim.answers if weight(body) == "ESCALATE"]
    asked = [x for x in [case.agent] * bool(said) or asked if x in names] or [None]
    mute = ("PASSIVE", "SUSPENDED", "RETIRED")
    heard = [x for x in asked if x is None or spec.standing(case.account, x) not in mute]
    asker = heard and (min(heard) if heard[0] else names[0])
    asks = not closes and asks and heard
    left = asks and token_left(spec, case, asker)
    status = S.CLOSED if closes else S.ESCALATED if left else S.ABORTED
    spec.out.append(("REPORT", case.flow.dfid, case.flow.attempt, reason, status))
    remember(spec, case, m.Verdict.REPORTED, reason, b"")
    if said:
        spend(spec, known, case.agent, said.usage)
    if left:
        spec.stamps.append(("escalated", (case.account["name"], asker), spec.now))
    elif asks:
        passive(spec, case.account["name"], asker)
    known |= {"status": status, "reopens": False, "held": None}
