"""What the gates of the naive specification look at: a claim, and all that is looked up for it."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from schemas import models as m
from schemas.reasons import Reason
from tests.spec import book

LEVELS = ("observe", "propose", "execute_limited", "execute_full")


@dataclass(kw_only=True)
class Claim:
    """A proposal as it arrived. Facts: context, snapshot_hash, digest, key name flow, snapshot, body, order;
    a fault is None or the Reason why a signature is nobody's; answers: (digest, body, fault) of a window.
    """

    flow: m.FlowOpened
    context: bytes
    snapshot_hash: bytes
    view_hash_ok: bool = True
    named_ok: bool = True  # a UUID of version 8; of a child the one that follows from its parent
    flow_fault: Reason | None = None
    digest: bytes
    body: Any  # Intent, Report or WindowRecord
    fault: Reason | None = None
    answers: list = field(default_factory=list)
    key: bytes = b""  # of the order the intent would become
    proof_ok: bool = True
    attested: list = field(default_factory=list)  # (Attestation, fault)

    @property
    def window(self):
        return self.body if isinstance(self.body, m.WindowRecord) else None

    @property
    def said(self):
        """What is judged: the body, or what a window says has won."""
        if not self.window:
            return self.body
        return next((body for digest, body, _ in self.answers if digest == self.window.winner), None)


def case_of(spec, claim, approval=None):
    flow, said, known = claim.flow, claim.said, spec.flows.get(claim.flow.dfid)
    intent, account = said if isinstance(said, m.Intent) else None, spec.accounts.get(flow.account)
    agent = said.agent_id if said else "arbiter"
    woken = next((x for x in flow.woken if x.agent_id == agent), None)
    own = woken and spec.contracts.get((agent, woken.version))
    mandate = account and account["mandates"].get((flow.parent, flow.parent_step))
    law = tightest(own, mandate["law"]) if own and mandate else own
    meaning = intent and (
        intent.step_id, intent.account, intent.action, intent.instrument, intent.quantity, intent.limit_price,
        intent.stop, intent.target_price, intent.time_in_force, intent.mandate,
    )  # fmt: skip
    if intent and approval and approval.choice == "MODIFY":
        intent = replace(intent, quantity=approval.quantity)
    name = intent and intent.instrument
    view = next((x for x in flow.snapshot.instruments if x.instrument == name), None)
    seen = None if view is None or view.bid is None or view.ask is None else book.middle(view)
    if approval and approval.price_shown is not None:
        seen = book.num(approval.price_shown)
    fault = claim.fault
    if known is None or claim.context not in known["contexts"]:
        fault = claim.flow_fault or fault
    return SimpleNamespace(
        claim=claim, flow=flow, said=said, intent=intent, agent=agent, woken=woken, account=account,
        known=known, approval=approval, meaning=meaning, key=claim.key, view=view, law=law, own=own,
        mandate=mandate if own else None, quantity=quantity_of(account, intent), seen=seen,
        stance=stance_of(account, intent), sells=bool(intent and intent.action in ("SELL", "CLOSE")),
        tick=spec.ticks.get(name), lot=spec.lots.get(name), mark=spec.live(name), fault=fault, broken=[],
    )  # fmt: skip


def quantity_of(account, intent):
    """A CLOSE that names no quantity means all that is held and not yet reserved."""
    if intent and intent.action == "CLOSE" and not intent.quantity and account:
        return book.free(account, intent.instrument)
    return intent and book.num(intent.quantity)


def stance_of(account, intent):
    """What an action is to the gates: reducing is CLOSE, or a SELL of no more than is held and free."""
    if intent is None:
        return "REPORT"
    if intent.action == "SELL" and account and intent.quantity <= book.free(account, intent.instrument):
        return "REDUCING"
    names = {"CLOSE": "REDUCING", "BUY": "INCREASING", "SELL": "INCREASING"}
    return names.get(intent.action, intent.action.value)


def tightest(child, parent):
    """A child's law under its parent's: in every field that the gates ask of it the tighter of both."""
    law = dict(child)
    law["authority"] = min(child["authority"], parent["authority"], key=LEVELS.index)
    law["drift"] = {x: min(book.F(child["drift"][x]), book.F(parent["drift"][x])) for x in child["drift"]}
    law["retry"] = {"max_attempts": min(child["retry"]["max_attempts"], parent["retry"]["max_attempts"])}
    law["evidence"] = {"required": [*child["evidence"]["required"], *parent["evidence"]["required"]]}
    one, other, both = child["limits"], parent["limits"], {}
    for name in one:
        if name != "trading_cutoff":
            both[name] = (max if name.startswith("min_") else min)(book.F(one[name]), book.F(other[name]))
    bells = [x["trading_cutoff"] for x in (one, other) if x["trading_cutoff"]]
    both["trading_cutoff"] = min(bells, key=lambda x: x["time"], default=None)
    if len({x["zone"] for x in bells}) > 1:  # of two zones no one bell is as tight as both
        both["trading_cutoff"] = {"time": "00:00", "zone": bells[0]["zone"]}
    one, other = child["escalation"], parent["escalation"]
    two = [book.F(x) for x in (one.get(TWO), other.get(TWO)) if x is not None]
    law["limits"], law["escalation"] = both, {
        SURE: max(book.F(one[SURE]), book.F(other[SURE])),
        "max_exposure_usd": min(book.F(one["max_exposure_usd"]), book.F(other["max_exposure_usd"])),
        "requires_human_approval": [*one["requires_human_approval"], *other["requires_human_approval"]],
        "budget_per_hour": min(one["budget_per_hour"], other["budget_per_hour"]),
        TWO: min(two, default=None),
    }  # fmt: skip
    return law


TWO, SURE = "two_persons_above_usd", "confidence_threshold"
