"""The naive specification's state and its clock; ``step`` answers with the entries the ledger gets."""

from types import SimpleNamespace

from schemas import models as m
from schemas.reasons import Reason
from tests.spec import book
from tests.spec.book import HOUR, QUOTE_LIFE, SECOND, SKEW
from tests.spec.commands import control
from tests.spec.effects import escalate
from tests.spec.people import hello, human
from tests.spec.receipts import receipt
from tests.spec.ruling import proposal

R = Reason

S = m.FlowStatus


class Spec:
    """The whole state. stamps: (what, (account, agent), when); quotes: (instrument, quote); words: (scope,
    state, until) of operators; key_of: the idempotency key of an order of the kernel's own, a hash.
    """

    def __init__(self, ledger, key_of):
        self.ledger, self.key_of, self.now, self.horizon = ledger, key_of, 0, -(1 << 62)
        self.contracts, self.rules, self.ticks, self.lots, self.hellos = {}, set(), {}, {}, {}
        self.accounts, self.flows, self.priors, self.marks = {}, {}, {}, {}
        self.standings, self.serials, self.zones, self.latched = {}, {}, {"UTC"}, set()
        self.words, self.quotes, self.stamps, self.out, self.cancels = [], [], [], [], []

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
            book.settle(self)
        book.settle_views(self)  # time and marks are one entry: they raise a version once
        self.end_overdue()
        for name, *event in events:
            if name != "quote":
                EVENTS[name](self, *event)
                book.settle_views(self)
        return marks, self.out

    def quote(self, now, place, signal):
        """Keep a quote; it folds as a mark when sane, held by somebody, of a later second, and news."""
        if signal.event_time > max(now, self.now) + SKEW:
            return None
        body = signal.body
        seen = SimpleNamespace(bid=body.bid, ask=body.ask, event_time=signal.event_time, place=place)
        since = max(now, self.now) - QUOTE_LIFE
        known = [x.event_time for name, x in self.quotes if name == signal.instrument and book.sane(x)]
        news = seen.event_time > max(filter(since.__lt__, known), default=seen.event_time - 1)
        self.quotes.append((signal.instrument, seen))
        held = any(signal.instrument in book.exposed(each) for each in self.accounts.values())
        last = self.folding.get(signal.instrument)
        newer = last is None or seen.event_time // SECOND > last.event_time // SECOND
        if not (held and newer and news and book.sane(seen)):
            return None
        self.folding[signal.instrument] = seen
        return signal.instrument, seen

    def begin(self):
        """Time moves: days begin, halts end, memory forgets."""
        for account in self.accounts.values():
            for zone in self.zones:
                self.day(account, zone)
            account["halts"] = {x: until for x, until in account["halts"].items() if until > self.now}
            account["mandates"] = {x: y for x, y in account["mandates"].items() if y["until"] >= self.now}
        self.horizon = max(self.horizon, self.now - HOUR)
        self.priors = {x: prior for x, prior in self.priors.items() if prior["time"] > self.horizon}
        for flow in list(self.flows.values()):  # what is over is let go; what is not is looked at again
            if flow["look"] <= self.horizon:
                flow["look"] = self.horizon + 60 * SECOND
                if self.final(flow):
                    del self.flows[flow["dfid"]]
        book.settle(self)

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
                escalate(self, flow, R.TTL_EXPIRED, S.REJECTED if asked else S.ABORTED)
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


def contract(spec, law):
    """A signed grant: law is its JSON with its hash under "hash"."""
    spec.contracts[law["agent_id"], law["version"]] = law
    cutoff = law["limits"]["trading_cutoff"]
    if cutoff and cutoff["zone"] not in spec.zones:
        spec.zones.add(cutoff["zone"])
        for account in spec.accounts.values():
            spec.day(account, cutoff["zone"])
    spec.out.append(("CONTRACT", law["agent_id"], law["version"]))


def garbage(spec, _topic):
    spec.out.append(("REFUSAL", R.MALFORMED))


EVENTS = {
    "proposal": proposal, "receipt": receipt, "human": human, "control": control, "hello": hello,
    "contract": contract, "garbage": garbage,
}  # fmt: skip
