"""A small ledger with a bit of everything in it, from fixed seeds: what the ledger's tests tamper with."""

from dataclasses import dataclass, field
from decimal import Decimal

from ledger.chain import Chain, Head, schema_entry
from ledger.cosign import cosign, log_signature
from ledger.entry import decode_entry
from ledger.envelope import digest, seal
from ledger.hashes import evidence_hash, flow_hash, state_hash, tagged
from ledger.intents import key_of_intent
from ledger.keys import KeyDocument
from ledger.note import COSIGNATURE, Checkpoint, Note, VerifierKey
from ledger.signing import Signer
from ledger.trust import Trust
from schemas import models as m
from schemas.codec import decode, encode
from schemas.kinds import EntryKind, Role

LEDGER = bytes(range(16))
OPERATOR = "interlock.test"
NOW = 1_504_504_800_000_000
ACCOUNT = "paper-1"
AGENT = "prover"
CONTRACT = tagged("interlock/1/contract", b"{}")
RULES = tagged("interlock/1/rules", b"{}")
NOTHING = m.InputRange(topic="proposals", partition=0, first=0, next=1)
ONE = Decimal(1)
WITNESS = "witness.test"
USAGE = m.Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=1, inference_ms=0)

HELD = (
    m.BatchEntry,
    m.FlowEntry,
    m.DecisionEntry,
    m.ReceiptEntry,
    m.ControlEntry,
    m.CloseEntry,
    m.FlowOpened,
    m.Intent,
    m.KernelIntent,
    m.Receipt,
    m.Control,
)


def signer(name: str) -> Signer:
    """The test key of a name; drawn from the name, so that every run signs the same bytes."""
    return Signer(seed_of(name))


def seed_of(name: str) -> bytes:
    """The seed behind a test key."""
    return tagged("interlock/1/test-key", name)


ENROLLED: dict[str, tuple[Role, tuple[str, ...]]] = {
    "kernel-log": (Role.KERNEL_LOG, ()),
    "kernel-intent": (Role.KERNEL_INTENT, ()),
    "selector": (Role.SELECTOR, ()),
    "agent": (Role.AGENT, (AGENT,)),
    "other-agent": (Role.AGENT, ("stranger",)),
    "executor": (Role.EXECUTOR, ()),
    "operator": (Role.OPERATOR, ()),
    "watch": (Role.WATCH, ()),
}


def key_document(
    name: str, role: Role, bound: tuple[str, ...], by: str, serial: int, *, revoked: bool = False
) -> m.Envelope:
    """A signed registry document of kind KEY."""
    public = signer(name)
    body = KeyDocument(public=public.public, role=role, bound=bound, revoked=revoked).body()
    document = m.RegistryDocument(
        kind=m.DocumentKind.KEY, id=public.keyid.hex(), version=f"{serial}.0.0", serial=serial, body=body
    )
    return seal(document, signer(by))


def snapshot() -> m.Snapshot:
    """An empty look at the world."""
    account = m.AccountView(
        account=ACCOUNT, version=1, cash=Decimal(10_000), reserved_cash=Decimal(0), positions=(),
        standings=(),
        trading_state=m.TradingState.ACTIVE, halted_instruments=(), open_intents=0,
    )  # fmt: skip
    return m.Snapshot(
        taken_at=NOW, feature_version=1, rules_hash=RULES, instruments=(), headlines=(), account=account,
        account_hash=bytes(32), equity=Decimal(10_000), peak=Decimal(10_000), day_start=Decimal(10_000),
    )  # fmt: skip


def flow(number: int) -> m.FlowOpened:
    """The number-th flow of the sample."""
    trigger = m.Trigger(
        topic="market.signals", partition=0, offset=number, kind="QUOTE", source="tape",
        signal_id=f"s{number}",
        instrument="BTC-USD", event_time=NOW, value_hash=bytes(32), instruction=None,
    )  # fmt: skip
    woken = m.WokenAgent(
        agent_id=AGENT, version="1.0.0", contract_hash=CONTRACT, veto=False, priority=1, trajectory=()
    )
    return m.FlowOpened(
        ledger=LEDGER, dfid=tagged("interlock/1/test", number)[:16], account=ACCOUNT, decision_class="fast",
        lane=m.Lane.DLPCI, attempt=1, steps=("step-1",), trigger=trigger, woken=(woken,),
        routing_hash=bytes(32), deadline=NOW + 5, flow_expires_at=NOW + 9, snapshot=snapshot(),
    )  # fmt: skip


def intent(opened: m.FlowOpened, h_flow: bytes, **changed: object) -> m.Intent:
    """A proof-carrying BUY on a flow."""
    h_state = state_hash(encode(opened.snapshot))
    fields: dict[str, object] = {
        "ledger": LEDGER, "account": ACCOUNT, "lane": m.Lane.DLPCI, "kind": m.IntentKind.PCI,
        "dfid": opened.dfid, "flow_hash": h_flow, "step_id": "step-1", "attempt": 1, "agent_id": AGENT,
        "contract_version": "1.0.0", "action": m.Action.BUY, "instrument": "BTC-USD",
        "quantity": Decimal("0.05"), "limit_price": Decimal("4242.5"), "time_in_force": m.TimeInForce.IOC,
        "valid_from": NOW, "valid_until": NOW + 9, "drift_envelope_bps": Decimal(50), "state_hash": h_state,
        "confidence": Decimal("0.9"), "usage": USAGE,
        "rounds": (), "explain_commitment": bytes(32),
        "evidence": evidence_hash(opened.dfid, h_state, CONTRACT, RULES),
    }  # fmt: skip
    return m.Intent(**{**fields, **changed})  # type: ignore[arg-type]  # a test may put anything into a field


@dataclass
class Sample:
    """A ledger being written; every method appends one entry and keeps its bytes."""

    chain: Chain = field(default_factory=lambda: Chain(Head(ledger=LEDGER, partition=0), OPERATOR))
    values: list[bytes] = field(default_factory=list)
    now: int = NOW

    def add(self, kind: EntryKind, message: object) -> int:
        self.values.append(self.chain.append(kind, message, self.now))
        return len(self.values) - 1

    def checkpoint(self, by: str = "kernel-log") -> int:
        self.values.append(self.chain.checkpoint(signer(by)))
        return len(self.values) - 1

    def genesis(self) -> "Sample":
        genesis = m.Genesis(
            name="sample", operator=OPERATOR, clock="TAPE", law="1", shards=1,
            root_key=signer("root").public, positions=(), continues=(),
        )  # fmt: skip
        self.add(EntryKind.GENESIS, genesis)
        for cls in HELD:
            self.add(EntryKind.SCHEMA, schema_entry(cls))
        self.key("registry", Role.REGISTRY, (), "root", 0)
        for serial, (name, (role, bound)) in enumerate(ENROLLED.items(), start=1):
            self.key(name, role, bound, "registry", serial)
        self.checkpoint()
        return self

    def key(
        self, name: str, role: Role, bound: tuple[str, ...], by: str, serial: int, *, revoked: bool = False
    ) -> int:
        document = key_document(name, role, bound, by, serial, revoked=revoked)
        return self.add(EntryKind.KEY, m.DocumentEntry(document=document))

    def batch(self) -> int:
        self.now += 1_000_000
        return self.add(
            EntryKind.BATCH, m.BatchEntry(now=self.now, inputs=(NOTHING,), marks=(), refusals_uncounted=0)
        )

    def flow(self, opened: m.FlowOpened, by: str = "selector") -> bytes:
        envelope = seal(opened, signer(by))
        self.add(EntryKind.FLOW, m.FlowEntry(flow=envelope))
        return flow_hash(envelope.payload)

    def decision(
        self, h_flow: bytes, signed: m.Envelope, proposed: m.Intent, *, order: bool = True,
        verdict: m.Verdict = m.Verdict.ACCEPTED, reason: int = 0,
    ) -> int:  # fmt: skip
        placed = self.order(proposed) if order and verdict is m.Verdict.ACCEPTED else None
        entry = m.DecisionEntry(
            dfid=proposed.dfid, attempt=1, account=ACCOUNT, flow_hash=h_flow, digest=digest(signed),
            body=signed, attestations=(), received=NOTHING, verdict=verdict, reason=reason, facts=(),
            flow_status=m.FlowStatus.EXECUTING, reopens=False, intent=placed,
        )  # fmt: skip
        return self.add(EntryKind.DECISION, entry)

    def order(self, proposed: m.Intent) -> m.Envelope:
        quote = m.Mark(instrument="BTC-USD", bid=ONE, ask=ONE, event_time=self.now, partition=0, offset=1)
        order = m.KernelIntent(
            ledger=LEDGER, account=ACCOUNT, dfid=proposed.dfid, step_id=proposed.step_id, attempt=1,
            key=key_of_intent(proposed), action=proposed.action, instrument="BTC-USD", side="BUY",
            quantity=proposed.quantity, limit_price=ONE, time_in_force=proposed.time_in_force,
            valid_until=proposed.valid_until, quote=quote, seq=len(self.values), at=self.now,
        )  # fmt: skip
        return seal(order, signer("kernel-intent"))

    def receipt(self, proposed: m.Intent, key: bytes | None = None, by: str = "executor") -> int:
        receipt = m.Receipt(
            ledger=LEDGER, account=ACCOUNT, dfid=proposed.dfid, key=key or key_of_intent(proposed),
            venue="paper", venue_order_id="1", status=m.ReceiptStatus.FILLED, quantity=proposed.quantity,
            average_price=ONE, fee=Decimal(0), raw_hash=bytes(32), attempt=1, at=self.now,
        )  # fmt: skip
        envelope = seal(receipt, signer(by))
        entry = m.ReceiptEntry(receipt=envelope, dfid=proposed.dfid, flow_status=m.FlowStatus.CLOSED)
        return self.add(EntryKind.RECEIPT, entry)

    def control(self, verb: m.Verb, by: str = "operator") -> int:
        command = m.Control(ledger=LEDGER, serial=1, verb=verb, account=ACCOUNT, reason="test", at=self.now)
        entry = m.ControlEntry(command=seal(command, signer(by)), accepted=True, reason=0)
        return self.add(EntryKind.CONTROL, entry)

    def round(self, number: int) -> m.Intent:
        """One whole decision: batch, flow, decision, receipt, checkpoint."""
        self.batch()
        opened = flow(number)
        h_flow = self.flow(opened)
        proposed = intent(opened, h_flow)
        self.decision(h_flow, seal(proposed, signer("agent")), proposed)
        self.receipt(proposed)
        self.checkpoint()
        return proposed


def sample(rounds: int = 2) -> Sample:
    """A whole small ledger ending in a checkpoint."""
    made = Sample().genesis()
    made.batch()
    made.control(m.Verb.OPEN)
    for number in range(rounds):
        made.round(number)
    return made


def note(values: list[bytes], at: int = NOW // 1_000_000) -> Note:
    """The last checkpoint of a ledger as the witness cosigned it."""
    body = decode(m.CheckpointEntry, decode_entry(values[-1]).body)
    point = Checkpoint(origin=f"{OPERATOR}/{LEDGER.hex()}/0", size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    return cosign(Note(text=point.text(), signatures=(own,)), WITNESS, signer("witness"), at)


def trust() -> Trust:
    """What the auditor of the sample trusts."""
    key = VerifierKey(name=WITNESS, algorithm=COSIGNATURE, public=signer("witness").public)
    return Trust(ledger=LEDGER, operator=OPERATOR, roots=(signer("root").public,), witnesses=(key,))
