"""What a ruling of the naive specification leaves: memory, tokens, standings, latches, frames."""

from schemas import models as m
from tests.spec import book
from tests.spec.book import HOUR, SECOND, num
from tests.spec.case import tightest


def token_left(spec, case, agent):
    law = spec.contracts.get((agent, next((x.version for x in case.flow.woken if x.agent_id == agent), "")))
    mandate, spent = case.mandate, spec.count("escalated", (case.account["name"], agent), HOUR)
    law = tightest(law, mandate["law"]) if law and mandate else law
    return bool(law) and spent < law["escalation"]["budget_per_hour"]


def remember(spec, case, verdict, reason, key):
    time, window = case.flow.trigger.event_time, case.claim.window
    prior = {"verdict": verdict, "reason": reason, "key": key, "time": time}
    spec.priors[case.claim.digest] = prior
    if window and verdict is m.Verdict.ACCEPTED and case.intent.action == "HALT":
        spec.priors[window.winner] = prior  # the same word in another window is no news


def spend(spec, known, agent, usage):
    known["tokens"][agent] = known["tokens"].get(agent, 0) + usage.tokens_in + usage.tokens_out


def passive(spec, account, agent):
    held = spec.accounts[account]["standings"]
    held[agent] = max(held.get(agent, m.Standing.ACTIVE), m.Standing.PASSIVE, key=book.RIGHTWARD.index)


def halt(spec, case):
    """Latch the account or one instrument, and take back what was not said to be sent."""
    scope, halts, orders = case.intent.instrument or "*", case.account["halts"], case.account["orders"]
    halts[scope] = max(halts.get(scope, 0), spec.now + case.own["halt_ttl_s"] * SECOND)
    spec.cancels += [
        (key, x["instrument"]) for key, x in sorted(orders.items())
        if x["status"] is None and scope in ("*", x["instrument"])
    ]  # fmt: skip


def escalate(spec, flow, reason, status):
    spec.out.append(("ESCALATION", flow["dfid"], reason, status))
    flow |= {"status": status, "reopens": False}


def frame(case):
    """An accepted MANDATE: children act under it, their sum never exceeds it."""
    intent, flow, told = case.intent, case.flow, case.intent.mandate

    def view(used):
        return m.MandateView(
            dfid=flow.dfid, step_id=intent.step_id, agent_id=case.agent, total=intent.quantity, used=used,
            contract_version=intent.contract_version, instrument=intent.instrument, side=told.side,
            price_low=told.price_low, price_high=told.price_high, expires_at=told.expires_at,
        )  # fmt: skip

    case.account["mandates"][flow.dfid, intent.step_id] = {
        "view": view, "used": num(0), "total": case.quantity, "open": set(), "law": case.law,
        "side": told.side,
        "low": told.price_low, "high": told.price_high, "until": told.expires_at, "agent": case.agent,
        "instrument": intent.instrument,
    }  # fmt: skip
