"""A small ledger's grants, keys and flows for tests of the roads: everything signed, nothing mocked."""

from __future__ import annotations

import functools
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from agents.opinions import Case
from ledger.envelope import seal
from ledger.hashes import contract_hash, dfid, explain_commitment, explain_salt, flow_hash, rules_hash, sha256
from ledger.keys import KeyDocument
from ledger.signing import Signer
from rules.contract import Contract
from rules.contract_json import canonical, from_yaml
from schemas import codec, models
from schemas.canonical import jcs
from schemas.kinds import Role
from schemas.models import (
    AccountView,
    DocumentKind,
    Envelope,
    FlowOpened,
    FlowRecord,
    HeadlineDigest,
    HeadlineText,
    Instruction,
    InstrumentView,
    Lane,
    Position,
    RegistryDocument,
    Snapshot,
    TradingState,
    Trigger,
    Urgency,
    WindowReturn,
    WokenAgent,
)
from schemas.wire import PREFIX
from topologies.genuine import Flow
from topologies.grants import Grants
from transport.log import Record

LEDGER = bytes(range(16))
ACCOUNT = "paper-1"
BTC, ETH = "btc-usd", "eth-usd"
NOON = 1_504_526_400_000_000
SECOND = 1_000_000
RULES = jcs({"law": "1", "parameters": {}})
CONTRACTS = Path(__file__).resolve().parent.parent / "agents" / "contracts"
TERMS = {
    BTC: {"tick": "0.01", "lot": "0.0001", "min_order": "0.0001"},
    ETH: {"tick": "0.01", "lot": "0.001", "min_order": "0.001"},
}
AGENTS = ("risk", "strategy", "sentiment", "prover")
SAID = (
    *("FlowRecord", "Envelope", "EvidenceRequest", "AttestationRecord", "Proposal"),
    *("Quarantined", "Explanation", "AgentState"),
)


@functools.cache
def signer(who: str) -> Signer:
    """The key of ``who``, always the same one."""
    return Signer(sha256(f"seed of {who}".encode()))


class Pen:
    """The key itself where a worker has a signer process."""

    def __init__(self, who: str) -> None:
        self._who = who

    def seal(self, message: object) -> Envelope:
        return seal(message, signer(self._who))

    def salt(self, dfid: bytes, step_id: str, attempt: int) -> bytes:
        return explain_salt(sha256(f"salt of {self._who}".encode()), dfid, step_id, attempt)


@functools.cache
def contract(agent: str) -> Contract:
    """The contract that ships."""
    return from_yaml((CONTRACTS / f"{agent}.yaml").read_text(encoding="utf-8"))


@functools.cache
def documents() -> list[Envelope]:
    """What the registry topic holds, in order."""
    root, registry = signer("root"), signer("registry")
    found: list[Envelope] = []

    def add(by: Signer, kind: DocumentKind, id_: str, version: str, body: bytes) -> None:
        document = RegistryDocument(kind=kind, id=id_, version=version, serial=len(found) + 1, body=body)
        found.append(seal(document, by))

    def key(by: Signer, who: str, role: Role, *bound: str) -> None:
        public = signer(who)
        body = KeyDocument(public=public.public, role=role, bound=bound).body()
        add(by, DocumentKind.KEY, public.keyid.hex(), "1", body)

    key(root, "registry", Role.REGISTRY)
    key(registry, "selector", Role.SELECTOR)
    key(registry, "arbiter", Role.ARBITER)
    key(registry, "heuristic", Role.ATTESTOR, "heuristic")
    key(registry, f"principal-{ACCOUNT}", Role.PRINCIPAL, ACCOUNT)
    for agent in AGENTS:
        key(registry, agent, Role.AGENT, agent)
        granted = contract(agent)
        add(registry, DocumentKind.CONTRACT, agent, granted.version, canonical(granted))
    for number, name in enumerate(SAID, 1):
        body = {"registry_id": number, "sha256": codec.schema_hash(getattr(models, name)).hex()}
        add(registry, DocumentKind.SCHEMA, name, "1", jcs(body))
    for instrument, terms in TERMS.items():
        add(registry, DocumentKind.INSTRUMENT, instrument, "1", jcs({"instrument": instrument, **terms}))
    add(registry, DocumentKind.RULES, "law", "1", RULES)
    return found


@functools.cache
def registry_records() -> list[Record]:
    """The same as records of the topic."""
    return [
        record("registry", PREFIX.pack(0, 0) + codec.encode(envelope), offset=offset, key=b"")
        for offset, envelope in enumerate(documents())
    ]


def grants() -> Grants:
    """The registry as a road has folded it."""
    found = Grants(signer("root").public)
    for each in registry_records():
        assert found.fold(each)
    return found


def record(topic: str, value: bytes | None, *, offset: int = 0, key: bytes | None = None) -> Record:
    return Record(
        topic=topic, partition=0, offset=offset, key=ACCOUNT.encode() if key is None else key, value=value
    )


CALM = InstrumentView(
    instrument=ETH,
    last=Decimal("320.00"),
    bid=Decimal("319.95"),
    ask=Decimal("320.05"),
    mid=Decimal("320.00"),
    spread_bps=Decimal("3.125"),
    sma=Decimal("319.00"),
    ema=Decimal("319.20"),
    rsi=Decimal(50),
    atr=Decimal("0.60"),
    volatility=Decimal("0.0012"),
    drawdown=Decimal("0.002"),
    returns=(
        WindowReturn(window_s=60, value=Decimal("0.0001")),
        WindowReturn(window_s=300, value=Decimal("0.0002")),
        WindowReturn(window_s=900, value=Decimal("0.0005")),
    ),
)


def rising(**changed: object) -> InstrumentView:
    """Orderly momentum."""
    returns = (
        WindowReturn(window_s=300, value=Decimal("0.003")),
        WindowReturn(window_s=900, value=Decimal("0.006")),
    )
    return replace(CALM, returns=returns, rsi=Decimal(62), **changed)  # type: ignore[arg-type]  # fields by name


def fallen(drawdown: str = "0.087", rsi: str = "15.8") -> InstrumentView:
    """08:25 of the shipped day: oversold after the fall of an hour."""
    returns = (
        WindowReturn(window_s=300, value=Decimal("-0.0098")),
        WindowReturn(window_s=900, value=Decimal("-0.0282")),
    )
    return replace(CALM, returns=returns, rsi=Decimal(rsi), drawdown=Decimal(drawdown), sma=Decimal(326))


def held(quantity: str = "10", **changed: object) -> Position:
    """A long position in ETH."""
    position = Position(
        instrument=ETH, quantity=Decimal(quantity), reserved=Decimal(0), total_cost=Decimal(quantity) * 320
    )
    return replace(position, **changed)  # type: ignore[arg-type]  # fields by name


def woken(*agents: str) -> tuple[WokenAgent, ...]:
    found = []
    for agent in agents:
        granted = contract(agent)
        found.append(
            WokenAgent(
                agent_id=agent,
                version=granted.version,
                contract_hash=contract_hash(canonical(granted)),
                veto=granted.veto,
                priority=granted.priority,
                trajectory=(),
            )
        )
    return tuple(found)


def account(*positions: Position, halted: tuple[str, ...] = ()) -> AccountView:
    return AccountView(
        account=ACCOUNT,
        version=3,
        cash=Decimal(100_000),
        reserved_cash=Decimal(0),
        positions=positions,
        standings=(),
        trading_state=TradingState.ACTIVE,
        halted_instruments=halted,
        open_intents=0,
    )


def opened(
    *agents: str,
    view: InstrumentView = CALM,
    view_of_account: AccountView | None = None,
    equity: str = "100000",
    headlines: tuple[str, ...] = (),
    lane: Lane = Lane.EOAM,
    signal: str = "s-1",
    attempt: int = 1,
    instruction: bytes | None = None,
) -> FlowOpened:
    digests = tuple(
        HeadlineDigest(digest=sha256(text.encode()), at=NOON - SECOND, source="wire") for text in headlines
    )
    snapshot = Snapshot(
        taken_at=NOON,
        feature_version=1,
        rules_hash=rules_hash(RULES),
        instruments=(view,),
        headlines=digests,
        account=view_of_account or account(),
        account_hash=bytes(32),
        equity=Decimal(equity),
        peak=Decimal(100_000),
        day_start=Decimal(100_000),
    )
    return FlowOpened(
        ledger=LEDGER,
        dfid=dfid(LEDGER, "feed", signal, ACCOUNT, "rebalance"),
        account=ACCOUNT,
        decision_class="rebalance",
        lane=lane,
        attempt=attempt,
        steps=("step-1",),
        trigger=Trigger(
            topic="market.signals",
            partition=0,
            offset=7,
            kind="TIMER" if instruction is None else "INSTRUCTION",
            source="feed",
            signal_id=signal,
            instrument=ETH,
            event_time=NOON - SECOND,
            value_hash=bytes(32),
            instruction=instruction,
        ),
        woken=woken(*agents),
        routing_hash=bytes(32),
        deadline=NOON + 30 * SECOND,
        flow_expires_at=NOON + 600 * SECOND,
        snapshot=snapshot,
    )


def flow_of(flow: FlowOpened, *, headlines: tuple[str, ...] = (), text: str | None = None) -> Flow:
    """The flow as the selector sends it."""
    envelope = seal(flow, signer("selector"))
    texts = tuple(HeadlineText(digest=sha256(each.encode()), text=each) for each in headlines)
    salt = None if text is None else SALT
    beside = FlowRecord(flow=envelope, headlines=texts, instruction_text=text, instruction_salt=salt)
    return Flow(opened=flow, h_flow=flow_hash(envelope.payload), record=beside)


SALT = bytes(range(32))


def instructed(text: str, *, agents: tuple[str, ...] = ("prover",), signed_text: str | None = None) -> Flow:
    """A flow of the proof lane that an instruction has woken."""
    instruction = Instruction(
        ledger=LEDGER,
        account=ACCOUNT,
        instruction_id="i-1",
        event_time=NOON - SECOND,
        decision_class="audit",
        instrument=ETH,
        urgency=Urgency.NORMAL,
        compliance=True,
        text_commitment=explain_commitment(signed_text or text, SALT),
    )
    envelope = seal(instruction, signer(f"principal-{ACCOUNT}"))
    flow = opened(*agents, lane=Lane.DLPCI, signal="i-1", instruction=codec.encode(envelope))
    return flow_of(flow, text=text)


def case(agent: str, flow: Flow, registry: Grants | None = None) -> Case:
    """The flow as one agent sees it."""
    found = registry or grants()
    each = next(one for one in flow.opened.woken if one.agent_id == agent)
    granted = found.contract(each.contract_hash)
    assert granted is not None
    return Case(
        flow=flow.opened,
        flow_hash=flow.h_flow,
        record=flow.record,
        woken=each,
        contract=granted,
        terms=found.terms,
    )
