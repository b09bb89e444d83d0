"""Plays a history: each step of bytes becomes records for the kernel and events for the specification."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from ledger.envelope import digest, seal
from ledger.hashes import (
    child_dfid,
    contract_hash,
    dfid,
    evidence_hash,
    idempotency_key,
    is_uuid8,
    state_hash,
    tagged,
)
from ledger.intents import key_of_intent
from ledger.keys import KeyDocument
from schemas import models as m
from schemas.codec import decode, encode
from schemas.kinds import Role
from schemas.reasons import Reason
from schemas.wire import PREFIX
from tests.build import BTC, ETH, LEDGER, ORDER, SECOND, World, canonical, h_flow, signer
from tests.history import acts, answers, commands, compare, profiles
from tests.history.dice import Dice
from tests.spec import Claim, Spec
from tests.spec.book import local

D = Decimal
R = Reason
# What one trades in the finest steps there are stands at any boundary; what one trades in lots may miss them.
LOT = Fraction(1, 1000)
LOTS = {BTC: "0.000000000000000001"}

TOPIC = {
    "contract": "registry",
    "control": "control",
    "hello": "agents.manifest",
    "receipt": "venue.receipts",
    "human": "human.decisions",
    "quote": "market.signals",
    "proposal": "proposals",
}
KINDS = {
    "trade": 16,
    "quote": 8,
    "tick": 6,
    "receipt": 12,
    "retry": 5,
    "second": 3,
    "redeliver": 3,
    "human": 5,
    "control": 6,
    "window": 5,
    "proof": 5,
    "child": 7,
    "report": 2,
    "grant": 1,
    "hello": 1,
    "garbage": 1,
}
WHEEL = tuple(kind for kind, times in KINDS.items() for _ in range(times))


def key_of(dfid, step, account, action, instrument, quantity):
    """The idempotency key of an order of the kernel's own."""
    exact = D(quantity.numerator) / D(quantity.denominator)
    return idempotency_key(
        dfid=dfid,
        step_id=step,
        account=account,
        action=action.value,
        instrument=instrument,
        quantity=exact,
        time_in_force="IOC",
    )


def named(flow):
    """Whether a DFID follows from the trigger; of a child from its parent, step and number."""
    if None in (flow.parent, flow.parent_step, flow.child_number):
        woke = flow.trigger
        return flow.dfid == dfid(flow.ledger, woke.source, woke.signal_id, flow.account, flow.decision_class)
    return is_uuid8(flow.parent) and flow.dfid == child_dfid(
        flow.ledger, flow.parent, flow.parent_step, flow.child_number
    )


class Player:
    """One history. story: what happened, for people. tally: what was reached."""

    def __init__(self, profile):
        self.profile = profile % profiles.COUNT
        now = profiles.start(self.profile)
        self.world = World(changed=profiles.contracts(self.profile), accounts=(), now=now, lots=LOTS)
        self.spec = Spec(LEDGER, key_of)
        self.sent, self.orders, self.story, self.events, self.tally = [], [], [], [], Counter()
        self.times, self.faults, self.views, self.children = [], {}, {}, {}
        self._begin()

    def _begin(self):
        """What a World has done by itself, told to the specification as facts; then the accounts open."""
        world, spec = self.world, self.spec
        other = signer("operator-b")
        body = KeyDocument(public=other.public, role=Role.OPERATOR).body()
        world.put("registry", world.document(m.DocumentKind.KEY, other.keyid.hex(), "1", body))
        world.run()
        spec.now, spec.rules = world.now, {world.rules_hash}
        spec.ticks = {BTC: Fraction(1, 100), ETH: Fraction(1, 100)}
        spec.lots = {BTC: Fraction(1, 10**18), ETH: LOT}
        for contract in world.contracts.values():
            law = self.law(contract)
            spec.contracts[law["agent_id"], law["version"]] = law
            spec.hellos[law["agent_id"], law["version"]] = law["hash"]
            cutoff = law["limits"]["trading_cutoff"]
            spec.zones |= {cutoff["zone"]} if cutoff else set()
        records = [world.quotes[instrument][1] for instrument in (BTC, ETH)]
        spec.step(world.now, [("quote", (0, x.offset), self.signal(x)) for x in records])
        for account in profiles.accounts(self.profile):
            commands.command(self, m.Verb.OPEN, account=account, amount=D(profiles.deposit(self.profile)))
        self.settle()

    def law(self, contract):
        return json.loads(canonical(contract)) | {"hash": contract_hash(canonical(contract))}

    def signal(self, record):
        return decode(m.MarketSignal, record.value[PREFIX.size :])

    # -- a step ------------------------------------------------------------------------------------------

    def play(self, data):
        """One step: what it does is the first byte; one in eight waits for the next, to share its batch."""
        dice = Dice(data)
        kind, waits = dice.of(*WHEEL), dice.rarely(8)
        self.story.append(f"-- {len(self.story)} {kind}{' (with the next)' if waits else ''}")
        next(getattr(x, kind) for x in (acts, commands, answers) if hasattr(x, kind))(self, dice)
        if not waits:
            self.settle()

    def settle(self):
        """Give the queue to both, and compare what they say."""
        events = sorted(self.events, key=lambda each: ORDER.index(TOPIC.get(each[0]) or each[1]))
        self.events = []
        self.world.run()
        for order in compare.orders(self.world):
            self.orders.append(order)
            self.times.append(order.valid_until)
        compare.same(self, events)

    def note(self, what, /, *words, **told):
        self.story.append(
            f"   {what} " + " ".join([*map(str, words), *(f"{k}={v}" for k, v in told.items())])
        )

    def send(self, kind, *event):
        self.events.append((kind, *event))

    # -- signatures --------------------------------------------------------------------------------------

    def signed(self, dice, message, by, wrong="watch"):
        """The envelope, and what is the matter with its signature (mostly nothing)."""
        fault = dice.of(*[None] * 125, R.KEY_NOT_VALID, "NOBODY", R.BAD_SIGNATURE)
        if fault is R.BAD_SIGNATURE:
            envelope = seal(message, signer(by))
            broken = replace(envelope.signatures[0], sig=bytes(64))
            envelope = replace(envelope, signatures=(broken,))
        else:
            envelope = seal(message, signer({None: by, R.KEY_NOT_VALID: wrong, "NOBODY": "nobody"}[fault]))
            fault = fault and R.KEY_NOT_VALID
        self.faults[envelope] = fault
        return envelope, fault

    def propose(self, flow, envelope, fault, flow_fault=None, attested=(), **told):
        """Queue a proposal for both; the facts are what only hashes and keys can tell."""
        shot, body = flow.snapshot, compare.message_of(envelope)
        found = {None: "selector", R.KEY_NOT_VALID: "executor", R.BAD_SIGNATURE: "selector"}[flow_fault]
        sealed = seal(flow, signer(found))
        if flow_fault is R.BAD_SIGNATURE:
            sealed = replace(sealed, signatures=(replace(sealed.signatures[0], sig=bytes(64)),))
        answers = [
            (digest(x), compare.message_of(x), self.faults.get(x)) for x in getattr(body, "answers", ())
        ]
        claim = Claim(
            flow=flow,
            context=h_flow(flow),
            snapshot_hash=state_hash(encode(shot)),
            flow_fault=flow_fault,
            view_hash_ok=shot.account_hash == tagged("interlock/1/account", encode(shot.account)),
            digest=digest(envelope),
            body=body,
            fault=fault,
            answers=answers,
            named_ok=named(flow),
            attested=[(compare.message_of(x), self.faults.get(x)) for x in attested],
        )
        said = claim.said
        if isinstance(said, m.Intent):
            claim.key = key_of_intent(said)
            woken = next((x for x in flow.woken if x.agent_id == said.agent_id), None)
            if woken:
                proof = evidence_hash(flow.dfid, claim.snapshot_hash, woken.contract_hash, shot.rules_hash)
                claim.proof_ok = said.evidence == proof
        proposal = m.Proposal(flow=sealed, body=envelope, attestations=tuple(attested))
        self.world.put("proposals", proposal, key=flow.account.encode())
        self.send("proposal", claim)
        self.sent.append((flow, envelope, fault, tuple(attested)))
        self.note("proposal", compare.told(flow, said), fault=fault, flow_fault=flow_fault, **told)

    # -- what is there to speak of -----------------------------------------------------------------------

    def moments(self):
        """Times at which something begins or ends, soonest first."""
        spec = self.spec
        found = {*self.times, *(until for a in spec.accounts.values() for until in a["halts"].values())}
        for flow in spec.flows.values():
            found.add(flow["expires"])
        for _, _, at in spec.stamps:
            found |= {at + 60 * SECOND, at + 3600 * SECOND}
        for zone in spec.zones:
            here = local(self.world.now, zone)
            midnight = here.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(
                days=1
            )
            found.add(int(midnight.replace(tzinfo=here.tzinfo).timestamp()) * 1_000_000)
        return sorted(each for each in found if each > self.world.now)
