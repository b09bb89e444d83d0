"""What a batch of fuzz is made of: records of every input topic, from plain noise to well-signed nonsense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from ledger.envelope import digest, opened, payload_of, seal, sealed
from ledger.hashes import child_dfid, contract_hash, dfid, state_hash
from ledger.signing import Signer
from rules.contract_json import canonical
from schemas import models as m
from schemas.codec import Unreadable, decode, encode
from schemas.majors import SCHEMA_MAJORS
from schemas.money import NotExact
from schemas.reasons import LaneReason
from schemas.wire import PREFIX
from tests.build import ACCOUNT, BTC, LEDGER, World, h_flow, signer, with_evidence
from tests.fuzz.shapes import nudged, scrambled

A = m.Action
TOPICS = ("registry", "control", "agents.manifest", "venue.receipts", "human.decisions", "market.signals",
          "proposals")  # fmt: skip
ACTIONS = (*[A.BUY] * 12, A.CLOSE, A.CLOSE, A.SELL, A.SELL, A.HOLD, A.CANCEL, A.MANDATE)
STORMY = (3, 5, 5, 12, 8, 12, 55)
CALM = (1, 0, 2, 0, 2, 20, 75)  # nobody halts, clears or fails anything: more comes as far as the last gates
HALTS = 0.01  # a latched account would hear nothing else for half an hour
UNWRITABLE = (
    NotExact,
    ValueError,
    TypeError,
    OverflowError,
    Unreadable,
    KeyError,
    AttributeError,
    IndexError,
)
TRIES = 20


@dataclass(frozen=True, slots=True)
class Raw:
    """One record to be fed."""

    topic: str
    key: bytes
    value: bytes | None


@dataclass(slots=True)
class Maker:
    """Makes records for one prepared world. draw: the batch's own source of chance."""

    world: World
    draw: Random
    waiting: list[tuple[m.FlowOpened, m.Envelope]]
    orders: list[m.KernelIntent]
    made: int = 0
    corpus: list[Raw] = field(default_factory=list)
    flows: dict[str, m.FlowOpened] = field(default_factory=dict)
    parent: m.FlowOpened = field(init=False)
    calm: bool = field(init=False)

    def __post_init__(self) -> None:
        self.corpus = [
            Raw(topic, record.key or b"", record.value)
            for (topic, _), log in sorted(self.world.topics.logs.items())
            if topic in TOPICS
            for record in log
        ]
        world = self.world
        self.calm = self.draw.random() < 0.5
        self.parent = world.mandated("1")
        self.flows = {
            "sds": world.flow(),
            "child": world.child(self.parent, 1),
            "eoam": world.flow(("strategy", "risk")),
            "pci": world.flow(("prover",)),
        }

    def one(self) -> Raw:
        """A record: half of them noise, some garbled and then signed, the rest strange and signed."""
        chance = self.draw.random()
        if chance < 0.50:
            return self._noise()
        if chance < 0.58:
            return self._garbled()
        for _ in range(TRIES):
            try:
                return self._strange()
            except UNWRITABLE:
                continue  # a value that the codec will not write never reaches a topic
        return self._noise()

    # -- noise -------------------------------------------------------------------------------------------

    def _noise(self) -> Raw:
        draw = self.draw
        topic = draw.choice(TOPICS)
        match draw.randrange(5):
            case 0:
                return Raw(
                    topic, b"", draw.choice((None, b"", b"\x00", draw.randbytes(draw.randrange(1, 400))))
                )
            case 1:
                number = draw.choice((*self.world.numbers.values(), 0, 2**32 - 1))
                return Raw(topic, b"k", PREFIX.pack(0, number) + draw.randbytes(draw.randrange(200)))
            case 2:  # a whole record on a topic that is not its own
                return replace(draw.choice(self.corpus), topic=topic)
            case _:
                found = draw.choice(self.corpus)
                value = found.value or b""
                for _ in range(draw.choice((1, 1, 2, 5))):
                    value = scrambled(value, draw)
                return replace(found, value=value)

    def _garbled(self) -> Raw:
        """Bytes that were garbled before they were signed, so that the signature holds."""
        topic, make, who = self.draw.choice(self._bodies())
        message = make()
        payload = payload_of(message)
        garbled = payload[:32] + scrambled(payload[32:], self.draw)
        if self.draw.random() < 0.1:
            garbled = scrambled(payload, self.draw)
        envelope = sealed(seal(message, who).payload_type, garbled, who)
        if topic != "proposals":
            return self._framed(topic, envelope)
        flow = seal(self.flows["sds"], signer("selector"))
        pair = (flow, envelope) if not isinstance(message, m.FlowOpened) else (envelope, flow)
        return self._framed(topic, m.Proposal(flow=pair[0], body=pair[1], attestations=()))

    def _bodies(self) -> list[tuple[str, Callable[[], Any], Signer]]:
        flow = self.flows["sds"]
        return [
            ("proposals", lambda: self.world.intent(flow), signer("sovereign")),
            ("proposals", lambda: flow, signer("selector")),
            ("control", self._control, signer("operator")),
            ("agents.manifest", self._hello, signer("sovereign")),
            ("venue.receipts", self._receipt, signer("executor")),
            ("human.decisions", self._act, signer("operator")),
            ("registry", self._document, signer("registry")),
        ]

    # -- strange but signed ------------------------------------------------------------------------------

    def _strange(self) -> Raw:
        topic = self.draw.choices(TOPICS, CALM if self.calm else STORMY)[0]
        makers: dict[str, Callable[[], tuple[Any, str]]] = {
            "registry": lambda: (self._document(), "registry"),
            "control": lambda: (self._control(), self.draw.choice(("operator", "operator", "watch"))),
            "agents.manifest": lambda: (self._hello(), "sovereign"),
            "venue.receipts": lambda: (self._receipt(), "executor"),
            "human.decisions": lambda: (self._act(), "operator"),
        }
        if topic == "proposals":
            return self._framed(topic, self._proposal())
        if topic == "market.signals":
            return self._framed(topic, self._nudged(self._quote()))
        message, who = makers[topic]()
        envelope = seal(self._nudged(message), self._hand(who))
        return self._framed(topic, envelope)

    def _hand(self, who: str) -> Signer:
        """Nearly always the right key."""
        names = ("stranger", "operator", "kernel-intent", "sovereign", "selector")
        return signer(who if self.draw.random() < 0.97 else self.draw.choice(names))

    def _nudged(self, message: Any, most: int = 2) -> Any:
        for _ in range(self.draw.randrange(most + 1)):
            message = nudged(message, self.draw)
        return message

    def _proposal(self) -> m.Proposal:
        draw, world = self.draw, self.world
        lane = draw.choices(("sds", "child", "eoam", "pci"), (5, 2, 3, 2))[0]
        flow = self._flow(lane)
        if draw.random() < (0.05 if self.calm else 0.25):
            flow = nudged(flow, draw)
        if draw.random() < 0.06 and self.waiting:
            flow, body = draw.choice(self.waiting)
            return m.Proposal(flow=seal(flow, signer("selector")), body=body, attestations=())
        agents = [each.agent_id for each in flow.woken if each.agent_id in world.contracts]
        said = [self._answer(flow, agent, lane) for agent in agents]
        attestations: tuple[m.Envelope, ...] = ()
        if lane == "eoam" and draw.random() < 0.95:
            kind = draw.choice((m.WindowKind.COMPLETE, m.WindowKind.COMPLETE, *m.WindowKind))
            window = world.window(flow, said, kind)
            body = seal(nudged(window, draw) if draw.random() < 0.3 else window, self._hand("arbiter"))
        else:
            body = seal(said[0], self._hand(said[0].agent_id))
            if lane == "pci" and draw.random() < 0.8:
                word = world.attest(flow, body)
                attestations = (word,) * draw.choice((1, 1, 1, 2, 20))
                if draw.random() < 0.3:
                    said_otherwise = nudged(opened(word, m.Attestation), draw)
                    attestations = (seal(said_otherwise, signer("heuristic")),)
        return m.Proposal(flow=seal(flow, self._hand("selector")), body=body, attestations=attestations)

    def _flow(self, lane: str) -> m.FlowOpened:
        """A flow of its own on the batch's first context, or now and then one that is known."""
        self.made += 1
        name = f"f{self.made if self.draw.random() < 0.9 else self.draw.randrange(self.made + 1)}"
        base = self.flows[lane]
        trigger = replace(base.trigger, signal_id=name)
        attempt = self.draw.choice((*[1] * 18, 2, 3))
        if lane == "child":
            number = self.draw.choice((self.made, self.made, 1, 2))
            name_of = child_dfid(LEDGER, self.parent.dfid, "s1", number)
            return replace(base, dfid=name_of, child_number=number, attempt=attempt)
        return replace(
            base, dfid=dfid(LEDGER, "tape", name, base.account, "test"), trigger=trigger, attempt=attempt
        )

    def _answer(self, flow: m.FlowOpened, agent: str, lane: str) -> Any:
        draw, world = self.draw, self.world
        if draw.random() < 0.15:
            kind, reason = draw.choice(list(m.ReportKind)), draw.choice(list(LaneReason))
            return self._nudged(world.report(flow, agent, kind, reason), 1)
        action = A.HALT if not self.calm and draw.random() < HALTS else draw.choice(ACTIONS)
        intent = world.intent(self.flows[lane], action, agent_id=agent)  # sound, whatever the flow became
        if intent.action is A.CANCEL:
            intent = replace(intent, target=draw.choice(self.orders).key)
        if draw.random() < (0.3 if self.calm else 0.5):
            intent = nudged(intent, draw)
        if draw.random() < 0.2:
            quantity = Decimal(draw.randrange(1, 10**6)).scaleb(-draw.randrange(1, 18))
            intent = replace(intent, quantity=quantity)
        if draw.random() < 0.8:  # bound to its flow again, so that it comes further than gate 8
            intent = replace(intent, dfid=flow.dfid, flow_hash=h_flow(flow), attempt=flow.attempt,
                             state_hash=state_hash(encode(flow.snapshot)))  # fmt: skip
        woken = any(each.agent_id == intent.agent_id for each in flow.woken)
        return with_evidence(flow, intent) if flow.lane is m.Lane.DLPCI and woken else intent

    def _control(self) -> m.Control:
        draw = self.draw
        self.made += 1
        serial = 10_000 + self.made if draw.random() < 0.8 else draw.randrange(10_000)
        # A closed ledger takes nothing more: there would be nothing left to throw rubbish at.
        verbs = [each for each in m.Verb if each is not m.Verb.CLOSE_LEDGER]
        verbs = [each for each in verbs if each is not m.Verb.HALT or draw.random() < 0.2]
        account = draw.choice((None, ACCOUNT, "paper-2", *[f"new-{self.made}"] * 4))
        if account is None and draw.random() < 0.9:
            account = "paper-2"  # what is said of the whole world would leave nothing to be judged
        return m.Control(
            ledger=LEDGER, serial=serial, verb=draw.choice(verbs), account=account, agent_id="risk",
            instrument=draw.choice((None, "eth-usd")), amount=Decimal(draw.randrange(1, 10**6)),
            target=draw.choice(self.orders).key, reason="test", at=self.world.now,
        )  # fmt: skip

    def _hello(self) -> m.Manifest:
        contract = self.world.contracts["sovereign"]
        return m.Manifest(
            ledger=LEDGER, agent_id="sovereign", contract_version=contract.version,
            contract_hash=contract_hash(canonical(contract)), schema_majors=SCHEMA_MAJORS,
            policy_types=contract.outputs, at=self.world.now,
        )  # fmt: skip

    def _receipt(self) -> m.Receipt:
        draw, order = self.draw, self.draw.choice(self.orders)
        return m.Receipt(
            ledger=LEDGER, account=order.account, dfid=order.dfid, key=order.key, venue="paper",
            venue_order_id="v1", status=draw.choice(list(m.ReceiptStatus)),
            quantity=draw.choice((Decimal(0), order.quantity / 2, order.quantity)),
            average_price=draw.choice((order.limit_price, Decimal("3999.99"), Decimal(0))),
            fee=draw.choice((Decimal(0), Decimal("0.37"))), raw_hash=bytes(32), attempt=1, at=self.world.now,
        )  # fmt: skip

    def _act(self) -> m.HumanDecision:
        draw = self.draw
        self.made += 1
        flow, body = draw.choice(self.waiting)
        return m.HumanDecision(
            ledger=LEDGER, serial=10_000 + self.made, account=flow.account, dfid=flow.dfid,
            choice=draw.choice(list(m.HumanChoice)), payload_digest=digest(body),
            price_shown=flow.snapshot.instruments[0].mid, quantity=draw.choice((None, Decimal("0.1"))),
            valid_until=self.world.now + 60_000_000, explain_commitment=bytes(32),
        )  # fmt: skip

    def _quote(self) -> m.MarketSignal:
        self.made += 1
        bid = Decimal(self.draw.choice((3980, 3999, 4000, 4000, 4001, 4030)))
        quote = m.Quote(bid=bid, ask=bid + 1, bid_size=Decimal(1), ask_size=Decimal(1))
        return m.MarketSignal(
            source="tape", signal_id=f"z{self.made}", instrument=BTC, venue="paper",
            event_time=self.world.now, body=quote,
        )  # fmt: skip

    def _document(self) -> m.RegistryDocument:
        released = [each for each in self.corpus if each.topic == "registry"]
        found = self.draw.choice(released).value or b""
        document = opened(decode(m.Envelope, found[PREFIX.size :]), m.RegistryDocument)
        self.made += 1
        serial = 10_000 + self.made
        version = self.draw.choice((document.version, f"9.{self.made}.0"))
        body = document.body if self.draw.random() < 0.5 else scrambled(document.body, self.draw)
        return replace(document, serial=serial, version=version, body=body)

    def _framed(self, topic: str, message: Any) -> Raw:
        number = self.world.numbers[type(message).__name__]
        return Raw(topic, b"k", PREFIX.pack(0, number) + encode(message))
