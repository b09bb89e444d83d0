"""What each event changes in the naive specification; ``step`` answers with the entries the ledger gets."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from schemas import models as m
from schemas.reasons import LaneReason
from schemas.reasons import Reason as R
from tests.spec import book, commands
from tests.spec.book import HOUR, ORDER_LIFE, QUOTE_LIFE, SECOND, SKEW, num
from tests.spec.gates import BUSY, FACES, judge
from tests.spec.integrity import ASKING, integrity, weight

S = m.FlowStatus
NOTHING = (LaneReason.NONE, LaneReason.NO_EDGE, LaneReason.NOT_CONCERNED)
WINDOW_ASKS = (*ASKING, LaneReason.ESCALATED, LaneReason.ESCALATED_BY_VETO, LaneReason.EXHAUSTED)


@dataclass(kw_only=True)
class Claim:
    """A proposal as it arrived. Facts: context, snapshot_hash, digest and key name flow, snapshot, body, order;
    a fault is None or the Reason why a signature is nobody's; answers: (digest, body, fault) of a window.
    """

    flow: m.FlowOpened
    context: bytes
    snapshot_hash: bytes
    view_hash_ok: bool = True
    uuid8: bool = True
    flow_fault: R | None = None
    digest: bytes
    body: Any  # Intent, Report or WindowRecord
    fault: R | None = None
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


class Spec:
    """The whole state. stamps: (what, (account, agent), when). quotes: (place, instrument, quote)."""

    def __init__(self, ledger):
        self.ledger, self.now, self.horizon = ledger, 0, -(1 << 62)
        self.contracts, self.rules, self.ticks, self.hellos = {}, set(), {}, {}
        self.accounts, self.flows, self.priors, self.marks = {}, {}, {}, {}
        self.lanes, self.instruments, self.standings, self.serials = {}, {}, {}, {}
        self.world, self.zones, self.latched = m.TradingState.ACTIVE, {"UTC"}, set()
        self.quotes, self.stamps, self.out, self.cancels = [], [], [], []

    # -- a step ------------------------------------------------------------------------------------------

    def step(self, now, events, batch=True):
        """Fold a batch, quotes first; the entries it becomes. batch: whether the kernel had any to write."""
        self.out, self.folding = [], dict(self.marks)
        marks = [mark for mark in [self.quote(now, *e) for name, *e in events if name == "quote"] if mark]
        if batch:
            self.now = max(now, self.now)
            self.begin()
        for instrument, mark in marks:
            self.marks[instrument] = mark
            book.settle_views(self)
        self.end_overdue()
        for name, *event in events:
            if name != "quote":
                getattr(commands, name)(self, *event)
                book.settle_views(self)
        return marks, self.out

    def quote(self, now, place, signal):
        """Keep a quote; it folds as a mark when sane, held by somebody and of a later second."""
        if signal.event_time > max(now, self.now) + SKEW:
            return None
        body = signal.body
        seen = SimpleNamespace(bid=body.bid, ask=body.ask, event_time=signal.event_time, place=place)
        self.quotes.append((signal.instrument, seen))
        held = any(signal.instrument in book.exposed(each) for each in self.accounts.values())
        last = self.folding.get(signal.instrument)
        newer = last is None or seen.event_time // SECOND > last.event_time // SECOND
        if not (held and newer and book.sane(seen)):
            return None
        self.folding[signal.instrument] = seen
        return signal.instrument, seen

    def begin(self):
        """Time moves: days begin, halts end, memory forgets."""
        for account in self.accounts.values():
            for zone in self.zones:
                self.day(account, zone)
            account["halts"] = {x: until for x, until in account["halts"].items() if until > self.now}
        self.horizon = max(self.horizon, self.now - HOUR)
        self.priors = {x: prior for x, prior in self.priors.items() if prior["time"] > self.horizon}
        for flow in list(self.flows.values()):  # what is over is let go; what is not is looked at again
            if flow["look"] <= self.horizon:
                flow["look"] = self.horizon + 60 * SECOND
                if self.final(flow):
                    del self.flows[flow["dfid"]]
        book.settle_views(self)

    def day(self, account, zone):
        date = book.local(self.now, zone).date()
        if account["days"].get(zone, (None,))[0] != date:
            account["days"][zone] = [date, book.equity(self, account)]

    def end_overdue(self):
        """Silence is an answer."""
        late = [x for x in self.flows.values() if x["expires"] < self.now and not self.final(x)]
        for flow in sorted(late, key=lambda x: (x["expires"], x["dfid"])):
            if flow["status"] not in (S.EXECUTING, S.SUSPENDED):
                asked = flow["status"] is S.ESCALATED
                self.escalate(flow, R.TTL_EXPIRED, S.REJECTED if asked else S.ABORTED)
                flow["steps"].clear()

    # -- small questions ---------------------------------------------------------------------------------

    def final(self, flow):
        return flow["status"] in (S.CLOSED, S.ABORTED) or (
            flow["status"] is S.REJECTED and not flow["reopens"]
        )

    def standing(self, account, agent):
        both = (account["standings"], self.standings)
        return max((x.get(agent, m.Standing.ACTIVE) for x in both), key=book.RIGHTWARD.index)

    def count(self, what, agent, window):
        return sum(1 for w, a, at in self.stamps if (w, a) == (what, agent) and at > self.now - window)

    def live(self, instrument):
        """The latest quote by event time, an insane one too."""
        found = [x for name, x in self.quotes if name == instrument and x.event_time > self.now - QUOTE_LIFE]
        return max(found, key=lambda x: (x.event_time, x.place), default=None)

    def quoted(self, instrument, place):
        found = [x for name, x in self.quotes if (name, x.place) == (instrument, place)]
        return next((x for x in found if x.event_time > self.now - QUOTE_LIFE), None)

    # -- proposals ---------------------------------------------------------------------------------------

    def case(self, claim, approval=None):
        flow, said, known = claim.flow, claim.said, self.flows.get(claim.flow.dfid)
        intent = said if isinstance(said, m.Intent) else None
        agent = said.agent_id if said else "arbiter"
        woken = next((x for x in flow.woken if x.agent_id == agent), None)
        account = self.accounts.get(flow.account)
        meaning = intent and (intent.step_id, intent.account, intent.action, intent.instrument, intent.quantity,
                              intent.limit_price, intent.stop, intent.target_price, intent.time_in_force)  # fmt: skip
        if intent and approval and approval.choice == "MODIFY":
            intent = replace(intent, quantity=approval.quantity)
        name = intent and intent.instrument
        view = next((x for x in flow.snapshot.instruments if x.instrument == name), None)
        quantity = intent and num(intent.quantity)
        if account and intent and intent.action == "CLOSE" and not quantity:
            quantity = book.free(account, name)
        covered = account and intent and intent.action == "SELL" and quantity <= book.free(account, name)
        kind = intent.action.value if intent else "REPORT"
        stance = "REDUCING" if kind == "CLOSE" or covered else kind
        seen = None if view is None or view.bid is None or view.ask is None else book.middle(view)
        if approval and approval.price_shown is not None:
            seen = num(approval.price_shown)
        fault = claim.fault
        if known is None or claim.context not in known["contexts"]:
            fault = claim.flow_fault or fault
        return SimpleNamespace(
            claim=claim, flow=flow, said=said, intent=intent, agent=agent, woken=woken, account=account,
            known=known, approval=approval, meaning=meaning, key=claim.key, quantity=quantity, view=view,
            stance=stance if stance in FACES else "INCREASING", sells=kind in ("SELL", "CLOSE"), seen=seen,
            law=woken and self.contracts.get((agent, woken.version)), tick=self.ticks.get(name),
            mark=self.live(name), quote=view and self.quoted(name, (view.price_partition, view.price_offset)),
            fault=fault, broken=[],
        )  # fmt: skip

    def proposal(self, claim):
        known = self.flows.get(claim.flow.dfid)
        new = known is None or claim.context not in known["contexts"]
        case = self.case(claim)
        if case.fault:
            self.out.append(("REFUSAL", integrity(self, case)))
        elif new and known and len(known["contexts"]) >= 16:
            self.out.append(("REFUSAL", R.MALFORMED))
        else:
            if new:
                self.out.append(("FLOW", claim.flow.dfid))
                self.open(claim, known)
            self.rule(claim)

    def open(self, claim, known):
        """The first context opens the flow; that of the attempt waited for replaces the last one's."""
        flow = claim.flow
        if known is None:
            self.flows[flow.dfid] = {
                "dfid": flow.dfid, "account": flow.account, "expires": flow.flow_expires_at, "exhausted": False,
                "open_attempt": 1, "attempt": flow.attempt, "context": claim.context, "opened": claim,
                "contexts": [claim.context], "status": S.ACTIVE, "reopens": False, "steps": {}, "tokens": {},
                "held": None, "look": flow.trigger.event_time,
            }  # fmt: skip
            return
        known["contexts"].append(claim.context)
        if known["reopens"] and flow.attempt == known["open_attempt"]:
            known |= {"attempt": flow.attempt, "context": claim.context, "opened": claim}
            known |= {"status": S.ACTIVE, "reopens": False}
            known["expires"] = max(known["expires"], flow.flow_expires_at)

    def rule(self, claim, approval=None):
        """Judge and fold: the entry, then what it consumes, takes, reserves or ends."""
        case = self.case(claim, approval)
        verdict, reason, prior = judge(self, case)
        if verdict is m.Verdict.REPORTED:
            return self.report(case)
        known, intent, no = case.known, case.intent, verdict is m.Verdict.REJECTED
        status, reopens, order = self.outcome(case, verdict, reason)
        told = prior and self.told(case, *prior)
        entry = (
            "DECISION",
            claim.flow.dfid,
            claim.flow.attempt,
            verdict,
            reason,
            status,
            reopens,
            order,
            told,
        )
        self.out.append(entry)
        if verdict is m.Verdict.DUPLICATE or (no and reason.gate <= 2):
            return None
        self.remember(case, verdict, reason, b"" if no else claim.key)
        agent = (case.account["name"], case.agent)
        late = claim.window and claim.window.kind == "LATE"
        if not approval and not late:
            self.spend(known, case.agent, intent.usage)
            if 6 in FACES[case.stance] and not (no and reason.gate <= 6):
                self.stamps.append(("admitted", agent, self.now))
        if verdict is m.Verdict.ACCEPTED and intent.action == "HALT":
            self.halt(case)
        if reason is R.ESCALATION_BUDGET_EXHAUSTED:
            self.passive(*agent)
        if reason is R.MAX_LOSS:
            self.latched.add(agent)
        if self.loose(case):
            return None
        known |= {"status": status, "reopens": reopens, "held": None}
        if no:
            known["steps"].pop(intent.step_id, None)
            known["open_attempt"] += reopens
        else:
            known["steps"][intent.step_id] = (case.meaning, claim.key)
        if verdict is m.Verdict.ACCEPTED and order and intent.action != "CANCEL":
            book.reserve(case.account, case)
        if status in (S.ESCALATED, S.EXHAUSTED):
            known["held"] = claim
        if status is S.ESCALATED:
            self.stamps.append(("escalated", agent, self.now))
        if status is S.EXHAUSTED:
            known["exhausted"] = True
            book.settle_views(self)
            left = self.token_left(case, case.agent)
            self.escalate(known, R.REASONING_EXHAUSTION, S.ESCALATED if left else S.ABORTED)
            if left:
                self.stamps.append(("escalated", agent, self.now))
            else:
                self.passive(*agent)
        return None

    def told(self, case, verdict, key):
        """What a redelivery hears: the receipt so far, PENDING in flight, else the prior verdict."""
        order = case.account and case.account["orders"].get(key)
        return (order["status"] or "PENDING") if order else verdict.value

    def loose(self, case):
        """Whether an answer says nothing of its flow: a late HALT, or any answer to what is over or busy."""
        known = case.known
        late = case.claim.window and case.claim.window.kind == "LATE"
        busy = self.final(known) or known["status"] in BUSY
        return late or (busy and not case.approval)

    def outcome(self, case, verdict, reason):
        known, intent = case.known, case.intent
        if verdict is m.Verdict.ACCEPTED:
            idle = intent.action in ("HOLD", "HALT")
            status = S.CLOSED if idle or intent.action == "CANCEL" else S.EXECUTING
            return known["status"] if self.loose(case) else status, False, None if idle else self.order(case)
        if verdict is m.Verdict.ESCALATED:
            return S.ESCALATED, False, None
        if verdict is m.Verdict.DUPLICATE or reason.gate <= 2 or self.loose(case):
            return known["status"], False, None
        if not reason.curable or case.approval:
            return S.REJECTED, False, None
        if case.flow.attempt >= case.law["retry"]["max_attempts"]:
            return S.EXHAUSTED, False, None
        return S.REJECTED, True, None

    def order(self, case):
        """Key, instrument, side, quantity, limit, life, and what it takes back."""
        intent, until = case.intent, min(case.flow.flow_expires_at, self.now + ORDER_LIFE)
        if intent.action == "CANCEL":
            target = case.account["orders"].get(intent.target, {"instrument": ""})
            name = intent.instrument or target["instrument"]
            return case.key, name, "", 0, 0, m.TimeInForce.IOC, until, intent.target
        side, limit = "SELL" if case.sells else "BUY", book.protective_limit(case)
        return case.key, intent.instrument, side, case.quantity, limit, intent.time_in_force, until, None

    def report(self, case):
        """NO_PROPOSAL closes; what asks for a person escalates while a token is left; all else aborts."""
        window, said, known = case.claim.window, case.said, case.known
        reason = window.reason if window else said.reason
        asks = reason in WINDOW_ASKS or (not window and said.kind in ("ESCALATE", "EXHAUSTED"))
        closes = reason in NOTHING if window else said.kind == "NO_PROPOSAL"
        names = [x.agent_id for x in case.flow.woken]
        asked = [body.agent_id for _, body, _ in case.claim.answers if weight(body) == "ESCALATE"]
        asker = case.agent if case.agent in names else min(asked, default=names[0])
        left = not closes and asks and self.token_left(case, asker)
        status = S.CLOSED if closes else S.ESCALATED if left else S.ABORTED
        self.out.append(("REPORT", case.flow.dfid, case.flow.attempt, reason, status))
        self.remember(case, m.Verdict.REPORTED, reason, b"")
        if said:
            self.spend(known, case.agent, said.usage)
        if left:
            self.stamps.append(("escalated", (case.account["name"], asker), self.now))
        known |= {"status": status, "reopens": False, "held": None}

    # -- what an entry leaves ----------------------------------------------------------------------------

    def token_left(self, case, agent):
        law = self.contracts.get((agent, next(x.version for x in case.flow.woken if x.agent_id == agent)))
        spent = self.count("escalated", (case.account["name"], agent), HOUR)
        return bool(law) and spent < law["escalation"]["budget_per_hour"]

    def remember(self, case, verdict, reason, key):
        time = case.flow.trigger.event_time
        self.priors[case.claim.digest] = {"verdict": verdict, "reason": reason, "key": key, "time": time}

    def spend(self, known, agent, usage):
        known["tokens"][agent] = known["tokens"].get(agent, 0) + usage.tokens_in + usage.tokens_out

    def passive(self, account, agent):
        held = self.accounts[account]["standings"]
        held[agent] = max(held.get(agent, m.Standing.ACTIVE), m.Standing.PASSIVE, key=book.RIGHTWARD.index)

    def halt(self, case):
        """Latch the account or one instrument, and take back what was not said to be sent."""
        scope, halts, orders = case.intent.instrument or "*", case.account["halts"], case.account["orders"]
        halts[scope] = max(halts.get(scope, 0), self.now + case.law["halt_ttl_s"] * SECOND)
        self.cancels += [
            (key, x["instrument"]) for key, x in sorted(orders.items())
            if x["status"] is None and scope in ("*", x["instrument"])
        ]  # fmt: skip

    def escalate(self, flow, reason, status):
        self.out.append(("ESCALATION", flow["dfid"], reason, status))
        flow |= {"status": status, "reopens": False}
