"""A selector with everything it reads: a registry of shipped grants, open accounts and a told clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from ledger.envelope import opened, seal
from ledger.hashes import explain_commitment, shard_of, tagged
from ledger.keys import KeyDocument
from ledger.signing import Signer
from rules.contract_json import canonical
from rules.routing import canonical_routing
from schemas import models
from schemas.canonical import jcs
from schemas.codec import encode, schema_hash
from schemas.kinds import Role
from schemas.models import (
    AccountView,
    AccountViewRecord,
    Bar,
    DocumentKind,
    FlowOpened,
    FlowRecord,
    Instruction,
    InstructionRecord,
    MarketSignal,
    News,
    Position,
    Proposal,
    Quarantined,
    Quote,
    RegistryDocument,
    Report,
    Timer,
    TradingState,
    Urgency,
    VerdictRecord,
)
from schemas.wire import PREFIX
from tests.rules_cases import shipped_contracts, shipped_routing
from topologies.selector.processor import Selector
from topologies.selector.seen import Seen
from transport.log import Output, Produce, Record, StateChange

LEDGER = bytes(range(16))
NOON = 1_504_526_400_000_000
MINUTE = 60_000_000
ACCOUNTS = ("paper-1", "paper-2")
FRAMED = (
    models.Envelope, MarketSignal, InstructionRecord, FlowRecord, AccountViewRecord, VerdictRecord, Proposal,
    Quarantined,
)  # fmt: skip
IDS = {cls: number for number, cls in enumerate(FRAMED, 1)}
D = Decimal


def signer(name: str) -> Signer:
    return Signer(sha256(name.encode()).digest())


ROOT, REGISTRY, SELECTOR = signer("root"), signer("registry"), signer("selector")
PRINCIPAL, OPERATOR = signer("principal"), signer("operator")


def framed(message: object) -> bytes:
    return PREFIX.pack(0, IDS[type(message)]) + encode(message)


def _documents() -> Iterator[tuple[DocumentKind, str, str, bytes]]:
    for key, role, bound in (
        (SELECTOR, Role.SELECTOR, ()),
        (PRINCIPAL, Role.PRINCIPAL, ACCOUNTS),
        (OPERATOR, Role.OPERATOR, ()),
    ):
        body = KeyDocument(public=key.public, role=role, bound=bound).body()
        yield DocumentKind.KEY, key.keyid.hex(), "1", body
    for cls, number in IDS.items():
        body = jcs({"registry_id": number, "sha256": schema_hash(cls).hex(), "schema": {}, "subject": "s"})
        yield DocumentKind.SCHEMA, cls.__name__, "1", body
    yield DocumentKind.RULES, "law", "1", jcs({"law": "1", "parameters": {}})
    for instrument in ("btc-usd", "eth-usd"):
        yield DocumentKind.INSTRUMENT, instrument, "1", jcs({"instrument": instrument})
    for contract in shipped_contracts().values():
        yield DocumentKind.CONTRACT, contract.agent_id, contract.version, canonical(contract)
    yield DocumentKind.ROUTING, "routing", "1", canonical_routing(shipped_routing())


def registry_records() -> list[Record]:
    body = KeyDocument(public=REGISTRY.public, role=Role.REGISTRY).body()
    first = RegistryDocument(kind=DocumentKind.KEY, id=REGISTRY.keyid.hex(), version="1", serial=1, body=body)
    envelopes = [seal(first, ROOT)]
    for serial, (kind, id_, version, body) in enumerate(_documents(), 1):
        document = RegistryDocument(kind=kind, id=id_, version=version, serial=serial, body=body)
        envelopes.append(seal(document, REGISTRY))
    return [record("registry", offset, framed(one)) for offset, one in enumerate(envelopes)]


def record(topic: str, offset: int, value: bytes | None, key: bytes | None = None) -> Record:
    return Record(topic=topic, partition=0, offset=offset, key=key, value=value)


def view(account: str, *, version: int = 1, positions: tuple[Position, ...] = (), **changed: Any) -> bytes:
    book = AccountView(
        account=account,
        version=version,
        cash=D(100_000),
        reserved_cash=D(0),
        positions=positions,
        standings=changed.pop("standings", ()),
        trading_state=TradingState.ACTIVE,
        halted_instruments=(),
        open_intents=0,
        mandates=changed.pop("mandates", ()),
    )
    return framed(
        AccountViewRecord(
            view=book,
            view_hash=tagged("interlock/1/account", encode(book)),
            equity=D(100_000),
            peak=D(100_000),
            day_start=D(100_000),
            deposits=D(100_000),
            realised=D(0),
            fees=D(0),
            marks=(),
            at=NOON,
        )
    )


def signal(body: object, name: str, *, at: int = NOON, **changed: Any) -> MarketSignal:
    given = {"source": "tape", "instrument": "eth-usd", "venue": "paper"}
    return MarketSignal(signal_id=name, event_time=at, body=body, **{**given, **changed})


def quote(bid: str = "320", ask: str = "320.1", size: str = "5") -> Quote:
    return Quote(bid=D(bid), ask=D(ask), bid_size=D(size), ask_size=D(size))


def bar(close: str = "320") -> Bar:
    price = D(close)
    return Bar(open=price, high=price, low=price, close=price, volume=D(1), period_ms=60_000)


TIMER = Timer(schedule="quarter")
NEWS = News(headline="Exchange halts withdrawals", symbols=("eth-usd",))


def order(name: str, *, key: Signer = PRINCIPAL, text: str = "CLOSE eth-usd", **changed: Any) -> bytes:
    salt = changed.pop("salt", bytes(32))
    given = {
        "ledger": LEDGER,
        "account": "paper-1",
        "event_time": NOON,
        "decision_class": "audit",
        "instrument": "eth-usd",
        "urgency": Urgency.NORMAL,
        "compliance": True,
        "text_commitment": explain_commitment(text, bytes(32)),
    }
    instruction = Instruction(instruction_id=name, **{**given, **changed})
    return framed(InstructionRecord(envelope=seal(instruction, key), text=text, salt=salt))


class World:
    """One selector fed by hand; ``kept`` is its state topic, ``wrote`` all it ever produced."""

    def __init__(
        self, *, shards: int = 1, shard: int = 0, seen: Seen | None = None, ready: bool = True
    ) -> None:
        self.selector = Selector(
            ledger=LEDGER, root_public=ROOT.public, shards=shards, shard=shard, signer=SELECTOR, seen=seen
        )
        self.now = NOON
        self.kept: dict[bytes, bytes] = {}
        self.wrote: list[Produce] = []
        self.registry = registry_records()
        self._offsets: dict[str, int] = {}
        if ready:
            self.step(*self.registry)
            for account in ACCOUNTS:
                if shard_of(account, shards) == shard:
                    self.give("accounts.view", view(account), account.encode())

    def step(self, *batch: Record) -> list[Produce]:
        outputs: list[Output] = list(self.selector.step(batch, self.now))
        for output in outputs:
            if isinstance(output, StateChange):
                if output.value is None:
                    self.kept.pop(output.key, None)
                else:
                    self.kept[output.key] = output.value
        produced = [output for output in outputs if isinstance(output, Produce)]
        self.wrote += produced
        return produced

    def at(self, topic: str, value: bytes | None, key: bytes | None = None) -> Record:
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        return record(topic, offset, value, key)

    def give(self, topic: str, value: bytes | None, key: bytes | None = None) -> list[Produce]:
        return self.step(self.at(topic, value, key))

    def signal(self, body: object, name: str, **changed: Any) -> list[Produce]:
        return self.give(
            "market.signals", framed(signal(body, name, at=changed.pop("at", self.now), **changed))
        )

    def order(self, name: str, *, record_key: bytes = b"paper-1", **changed: Any) -> list[Produce]:
        return self.give("instructions", order(name, **changed), record_key)

    # What a restore may use.
    def compacted(self, topic: str, partition: int) -> Mapping[bytes, bytes]:
        assert (topic, partition) == ("selector.state", self.selector.shard)
        return dict(self.kept)

    def records(self, topic: str, partition: int, start: int) -> Iterable[Record]:
        assert (topic, partition, start) == ("registry", 0, 0)
        return iter(self.registry)

    def restarted(self) -> Selector:
        again = Selector(
            ledger=LEDGER,
            root_public=ROOT.public,
            shards=1,
            shard=self.selector.shard,
            signer=SELECTOR,
            seen=Seen(),
        )
        assert again.restore(self) is None
        return again


def read(cls: type[Any], produce: Produce) -> Any:
    assert produce.value is not None
    ids = registry_ids()
    return ids.unpack(cls, produce.value)


def registry_ids() -> Any:
    from schemas.wire import SchemaIds

    return SchemaIds(ids={number: schema_hash(cls) for cls, number in IDS.items()})


def flows(produced: Iterable[Produce]) -> list[FlowOpened]:
    found = [each for each in produced if each.topic.startswith("flows.")]
    return [opened(read(FlowRecord, each).flow, FlowOpened) for each in found]


def reasons(produced: Iterable[Produce]) -> list[str]:
    return [read(Quarantined, each).reason for each in produced if each.topic == "quarantine"]


def reports(produced: Iterable[Produce]) -> list[Report]:
    return [opened(read(Proposal, each).body, Report) for each in produced if each.topic == "proposals"]
