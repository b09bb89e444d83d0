"""Gate 1 of the naive specification: is this what it says it is, from whom it says, to this account?"""

import re
from fractions import Fraction

from schemas import models as m
from schemas.reasons import LaneReason, Reason
from tests.spec.book import HOUR, SKEW

R = Reason

NAME = re.compile(r"[a-z0-9._-]{1,64}")
KINDS = {m.Lane.EOAM: m.IntentKind.POLICY, m.Lane.SDS: m.IntentKind.ATOM, m.Lane.DLPCI: m.IntentKind.PCI}
ASKING = (LaneReason.COMPLIANT_LIE_SUSPECTED, LaneReason.UNREADABLE_INSTRUCTION)


def integrity(spec, case):
    """The first that is wrong, in the order of the table."""
    claim, flow, said, woken = case.claim, case.flow, case.said, case.woken
    bodies = [each for each in (claim.window, said) if each is not None]
    fault = case.fault or next((fault for _, _, fault in claim.answers if fault), None)
    fault = fault or next((fault for _, fault in claim.attested if fault), None)
    hello = woken and spec.hellos.get((woken.agent_id, woken.version)) == woken.contract_hash
    wrong = (
        (R.MALFORMED, not sound_context(case) or len(claim.attested) > 8 or not sound_body(case)),
        (R.WRONG_LEDGER, any(each.ledger != spec.ledger for each in (flow, *bodies))),
        (R.UNKNOWN_AGENT, not woken and (case.intent or case.agent not in ("arbiter", "selector"))),
        (fault, fault),
        (R.VERSION_MISMATCH, said and woken and (
            said.contract_version != woken.version or not hello or case.law is None)),
        (R.WRONG_LANE, not right_lane(case)),
        (R.WRONG_ACCOUNT, case.account is None or any(each.account != flow.account for each in bodies)),
        (R.WINDOW_MISMATCH, claim.window and not right_window(spec, case)),
    )  # fmt: skip
    return next((reason for reason, no in wrong if no), None)


def sound_context(case):
    """A flow begins with its first attempt, and has one trigger."""
    woke = case.flow.trigger.event_time
    return sound_flow(case.claim) and (case.known["woke"] == woke if case.known else case.flow.attempt == 1)


def sound_flow(claim):
    flow = claim.flow
    names = [each.agent_id for each in flow.woken]
    return (
        claim.named_ok and flow.attempt >= 1 and 1 <= len(flow.steps) <= 32 and 1 <= len(names) <= 8
        and all(NAME.fullmatch(each) for each in (flow.account, *flow.steps))
        and not any(each.startswith("comp-") for each in flow.steps)
        and len({flow.parent is None, flow.parent_step is None, flow.child_number is None}) == 1
        and (flow.child_number is None or 1 <= flow.child_number < 2**31)
        and len(set(names)) == len(names)
        and flow.trigger.event_time <= flow.snapshot.taken_at + SKEW
        and flow.snapshot.taken_at <= flow.deadline <= flow.flow_expires_at
        and flow.flow_expires_at <= flow.trigger.event_time + HOUR
        and all((x.quote_time or 0) <= flow.snapshot.taken_at + SKEW for x in flow.snapshot.instruments)
    )  # fmt: skip


def on_lot(case, quantity):
    """What a venue can trade; None is the lot of what nobody registered."""
    sized = case.intent.action in ("BUY", "SELL", "MANDATE", "CLOSE")
    return not (sized and case.lot and quantity is not None) or Fraction(quantity) % case.lot == 0


def sound_body(case):
    flow, said = case.flow, case.said
    if said is None:
        return True  # a window nobody won
    if (said.dfid, said.attempt) != (flow.dfid, flow.attempt) or said.step_id not in flow.steps:
        return False
    if isinstance(said, m.Report):
        return True
    prices = [said.limit_price, said.stop, said.target_price]
    frame, taken, bare = said.mandate, flow.snapshot.taken_at, not any(prices)
    framed = frame is not None and bare and 0 < frame.price_low <= frame.price_high
    framed = framed and taken < frame.expires_at <= taken + 24 * HOUR
    needs = {
        "BUY": said.instrument and said.quantity > 0, "SELL": said.instrument and said.quantity > 0,
        "CLOSE": said.instrument, "CANCEL": said.target is not None,
        "HOLD": said.quantity == 0, "HALT": said.quantity == 0,
        "MANDATE": framed and said.instrument and said.quantity > 0,
    }  # fmt: skip
    return bool(
        needs[said.action] and (frame is None or said.action == "MANDATE")
        and all(each is None or each > 0 for each in prices)
        and said.quantity >= 0 and 0 <= said.confidence <= 1 and said.drift_envelope_bps >= 0
        and said.valid_from <= said.valid_until <= flow.flow_expires_at
        and (said.instrument is None or NAME.fullmatch(said.instrument))
        and on_lot(case, said.quantity)
    )  # fmt: skip


def right_lane(case):
    """A mesh answers by windows only, the other lanes never; officials report for a silent lane."""
    window, lane, said = case.claim.window, case.flow.lane, case.said
    lonely = case.agent == "arbiter" and window is None  # it could make no window
    if not lonely and (window is not None) != (lane is m.Lane.EOAM and case.agent != "selector"):
        return False
    if said is None:
        return True
    granted = case.law is None or lane in case.law["topologies"]
    return said.lane is lane and granted and (case.intent is None or case.intent.kind is KINDS[lane])


def weight(body):
    """What an answer is to arbitration."""
    if isinstance(body, m.Intent):
        return body.action.value if body.action in ("HALT", "HOLD") else "PROPOSAL"
    if body.kind in ("ESCALATE", "EXHAUSTED") or body.reason in ASKING:
        return "ESCALATE"
    return body.kind.value


def right_window(spec, case):
    """Complete, of this flow, and the winner the one the answers give."""
    claim, flow, window = case.claim, case.flow, case.claim.window
    ours, woken = (flow.dfid, claim.context, flow.attempt), {each.agent_id: each for each in flow.woken}
    if (window.dfid, window.flow_hash, window.attempt) != ours:
        return False
    names = [body.agent_id for _, body, _ in claim.answers]
    if len(set(names)) != len(names) or not set(names) <= set(woken) or len(names) > 16:
        return False
    if any((body.dfid, body.flow_hash, body.attempt) != ours for _, body, _ in claim.answers):
        return False
    ranked = sorted(claim.answers, key=lambda each: (
        woken[each[1].agent_id].priority, -getattr(each[1], "confidence", 0), each[1].agent_id))  # fmt: skip
    if window.kind == "LATE":
        one = len(ranked) == 1 and ranked[0]
        return one and one[0] == window.winner and weight(one[1]) == "HALT" and woken[names[0]].veto
    if window.kind == "COMPLETE" and set(names) != set(woken):
        return False
    if window.kind == "DEADLINE" and spec.now <= flow.deadline:
        return False
    return (window.winner, window.reason) == outcome(ranked, woken)


def outcome(ranked, woken):
    found = [(weight(body), digest, woken[body.agent_id].veto) for digest, body, _ in ranked]
    judged = {body.agent_id for _, body, _ in ranked if weight(body) != "REFUSED"}
    for kind, digest, veto in found:
        if veto and kind == "HALT":
            return digest, LaneReason.NONE
    if any(veto and kind == "ESCALATE" for kind, _, veto in found):
        return None, LaneReason.ESCALATED_BY_VETO
    if any(each.veto and each.agent_id not in judged for each in woken.values()):
        return None, LaneReason.VETO_MISSING
    for kind, digest, _ in found:
        if kind in ("PROPOSAL", "HOLD", "HALT"):
            return digest, LaneReason.NONE
    kinds = [kind for kind, _, _ in found]
    if "ESCALATE" in kinds:
        return None, LaneReason.ESCALATED
    return None, LaneReason.NO_EDGE if "NO_PROPOSAL" in kinds else LaneReason.NO_ANSWER
