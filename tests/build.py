"""A whole world for tests: keys, contracts, a market and a real kernel, all from fixed seeds.

``World`` holds a `kernel.consumer.Kernel` and the topics around it. ``put`` queues a record, ``run`` gives
the queue to one step and reads what came out; ``flow``, ``intent``, ``window`` make messages that pass.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from interlock.grants import contracts as shipped
from interlock.grants import documents
from kernel.consumer import Kernel
from kernel.state.whole import Identity
from ledger.entry import decode_entry
from ledger.envelope import digest, opened, seal
from ledger.hashes import child_dfid, contract_hash, dfid, evidence_hash, flow_hash, state_hash, tagged
from ledger.registry import digest_of
from ledger.signing import Signer
from rules.arbitration import Answer, arbitrate, kind_of, veto_missing
from rules.contract import Contract
from rules.contract_json import canonical as canonical_json
from schemas import models as m
from schemas.canonical import jcs
from schemas.codec import decode, encode
from schemas.kinds import BODY, EntryKind, Role
from schemas.majors import SCHEMA_MAJORS
from schemas.publish import Published
from schemas.reasons import LaneReason
from schemas.subjects import subjects
from schemas.wire import PREFIX
from transport.log import Positions, Produce, Record, StateChange

LEDGER = bytes(range(16))
NOW = 1_504_504_800_000_000  # 2017-09-04 06:00 UTC
SECOND = 1_000_000
ACCOUNT, BTC, ETH = "paper-1", "btc-usd", "eth-usd"
NO_USAGE = m.Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=0, inference_ms=0)
ROLES: dict[str, Role] = {
    "kernel-log": Role.KERNEL_LOG,
    "kernel-intent": Role.KERNEL_INTENT,
    "selector": Role.SELECTOR,
    "arbiter": Role.ARBITER,
    "executor": Role.EXECUTOR,
    "operator": Role.OPERATOR,
    "watch": Role.WATCH,
}
LANES = {m.Lane.EOAM: m.IntentKind.POLICY, m.Lane.SDS: m.IntentKind.ATOM, m.Lane.DLPCI: m.IntentKind.PCI}
ORDER = ("registry", "control", "agents.manifest", "venue.receipts", "human.decisions", "market.signals",
         "proposals")  # fmt: skip


canonical = functools.lru_cache(maxsize=1_024)(canonical_json)  # every flow names its agents' hashes


@functools.cache
def signer(name: str) -> Signer:
    """The test key of a name; the same in every run."""
    return Signer(tagged("interlock/1/test-key", name))


@functools.cache
def granted() -> tuple[Contract, ...]:
    """The contracts the repository ships, read once."""
    return tuple(shipped())


def numbers() -> dict[str, int]:
    """Schema ids by message."""
    names = sorted({each.message for each in subjects()})
    return {name: 100 + number for number, name in enumerate(names)}


@functools.cache
def release() -> tuple[tuple[bytes, m.Envelope], ...]:
    """What a new ledger is given, signed once."""
    published = [Published(subject=each, number=numbers()[each.message]) for each in subjects()]
    held = {who: (signer(who), role, ()) for who, role in ROLES.items()}
    held |= {each.agent_id: (signer(each.agent_id), Role.AGENT, (each.agent_id,)) for each in granted()}
    held["heuristic"] = (signer("heuristic"), Role.ATTESTOR, ("heuristic",))
    return tuple(documents(signer("root"), signer("registry"), held, published))


def identity(shard: int = 0, shards: int = 1) -> Identity:
    """What the test kernels are told."""
    return Identity(
        name="test", ledger=LEDGER, operator="interlock.test", clock="TAPE", shards=shards,
        root=signer("root").public, shard=shard,
    )  # fmt: skip


def new_kernel() -> Kernel:
    """A kernel that has read nothing."""
    return Kernel(identity=identity(), log_signer=signer("kernel-log"), intent_signer=signer("kernel-intent"))


@dataclass(frozen=True)
class Entry:
    """A ledger entry, opened."""

    seq: int
    kind: EntryKind
    body: Any


@dataclass
class Topics:
    """What was committed: the Reader a restarted kernel restores from. Offsets have gaps, as Kafka's do."""

    logs: dict[tuple[str, int], list[Record]] = field(default_factory=dict)
    state: dict[bytes, bytes] = field(default_factory=dict)

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, gap: int = 0
    ) -> Record:
        log = self.logs.setdefault((topic, partition), [])
        offset = (log[-1].offset + 1 if log else 0) + gap
        record = Record(topic=topic, partition=partition, offset=offset, key=key, value=value)
        log.append(record)
        return record

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        assert topic == "kernel.state"
        return dict(self.state)

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        return (each for each in list(self.logs.get((topic, partition), [])) if each.offset >= start)


class World:
    """A market, its people and its kernel. ``now`` moves by ``tick``; accounts are open, hellos accepted."""

    def __init__(
        self,
        *,
        changed: Mapping[str, Mapping[str, Any]] | None = None,
        accounts: Sequence[str] = (ACCOUNT,),
        deposit: str = "100000",
        now: int = NOW,
        lots: Mapping[str, str] | None = None,
    ) -> None:
        self.now = now
        self.kernel = new_kernel()
        self.topics = Topics()
        self.queue: list[Record] = []
        self.out: list[Any] = []
        self.views: dict[str, m.AccountViewRecord] = {}
        self.quotes: dict[str, tuple[m.Quote, Record]] = {}
        self.serials = 0
        self.signals = 0
        overrides = changed or {}
        self.contracts: dict[str, Contract] = {
            each.agent_id: replace(each, **overrides.get(each.agent_id, {})) for each in granted()
        }
        self._release(lots or {})
        for account in accounts:
            self.control(m.Verb.OPEN, account=account, amount=Decimal(deposit))
        for agent in self.contracts:
            self.hello(agent)
        self.quote(BTC, "4000", "4001")
        self.quote(ETH, "300", "300.1")
        self.run()

    # -- the registry ------------------------------------------------------------------------------------

    def _release(self, lots: Mapping[str, str]) -> None:
        self.numbers = numbers()
        serial = 0
        for key, envelope in release():
            document = opened(envelope, m.RegistryDocument)
            if document.kind is m.DocumentKind.CONTRACT:
                body = canonical(self.contracts[document.id])
                envelope = seal(replace(document, body=body), signer("registry"))
            if document.id in lots:
                body = jcs({**json.loads(document.body), "lot": lots[document.id]})
                envelope = seal(replace(document, body=body), signer("registry"))
            serial = max(serial, document.serial)
            if document.kind is m.DocumentKind.RULES:
                self.rules_hash = digest_of(document)
            self.put("registry", envelope, key=key)
        self.registry_serial = serial
        self.run()

    def document(self, kind: m.DocumentKind, id_: str, version: str, body: bytes) -> m.Envelope:
        """One more signed registry document."""
        self.registry_serial += 1
        found = m.RegistryDocument(kind=kind, id=id_, version=version, serial=self.registry_serial, body=body)
        return seal(found, signer("registry"))

    def hello(self, agent: str, **changes: Any) -> Record:
        """A worker's signed manifest."""
        contract = self.contracts[agent]
        manifest = m.Manifest(
            ledger=LEDGER, agent_id=agent, contract_version=contract.version,
            contract_hash=contract_hash(canonical(contract)), schema_majors=SCHEMA_MAJORS,
            policy_types=contract.outputs, at=self.now,
        )  # fmt: skip
        return self.put("agents.manifest", seal(replace(manifest, **changes), signer(agent)))

    def control(self, verb: m.Verb, *, by: str = "operator", **fields: Any) -> Record:
        """A signed, numbered command."""
        self.serials += 1
        wanted = {"ledger": LEDGER, "serial": self.serials, "reason": "test", "at": self.now} | fields
        return self.put("control", seal(m.Control(verb=verb, **wanted), signer(by)))

    # -- records in, records out -------------------------------------------------------------------------

    def put(
        self, topic: str, message: Any, *, key: bytes = b"", raw: bytes | None = None, gap: int = 0
    ) -> Record:
        """Queue a record; ``raw`` replaces the framed message."""
        value = raw
        if raw is None:
            value = PREFIX.pack(0, self.numbers[type(message).__name__]) + encode(message)
        record = self.topics.append(topic, 0, key, value, gap)
        self.queue.append(record)
        return record

    def run(self) -> list[Any]:
        """One step over the queue (and the next one, where the kernel put records off); what came out."""
        batch = sorted(self.queue, key=lambda each: ORDER.index(each.topic))
        self.queue = []
        outputs = [*self.kernel.step(batch, self.now), *self.kernel.step((), self.now)]
        self.out = [self._committed(output) for output in outputs]
        return self.out

    def _committed(self, output: Any) -> Any:
        match output:
            case StateChange():
                if output.value is None:
                    self.topics.state.pop(output.key, None)
                else:
                    self.topics.state[output.key] = output.value
                return output
            case Produce():
                self.topics.append(output.topic, output.partition, output.key, output.value)
                message = self._read(output)
                if isinstance(message, m.AccountViewRecord):
                    self.views[message.view.account] = message
                return message
            case _:
                raise AssertionError(output)

    def _read(self, output: Produce) -> Any:
        if output.topic == "kernel.ledger":
            assert output.value is not None
            leaf = decode_entry(output.value)
            kind = EntryKind(leaf.kind)
            return Entry(leaf.seq, kind, decode(BODY[kind], leaf.body))
        if output.value is None:
            return output
        name = next(k for k, v in self.numbers.items() if v == PREFIX.unpack_from(output.value)[1])
        return decode(getattr(m, name), output.value[PREFIX.size :])

    def told(self, cls: type[Any]) -> list[Any]:
        """Messages of a class that the last run sent."""
        return [each for each in self.out if type(each) is cls]

    def entries(self, kind: EntryKind) -> list[Any]:
        """Bodies of a kind that the last run wrote."""
        return [each.body for each in self.out if isinstance(each, Entry) and each.kind is kind]

    @property
    def verdict(self) -> m.VerdictRecord:
        """The one verdict of the last run."""
        (found,) = self.told(m.VerdictRecord)
        return found

    @property
    def order(self) -> m.KernelIntent:
        """The one order of the last run."""
        (found,) = self.told(m.Envelope)
        return opened(found, m.KernelIntent)

    @property
    def ledger(self) -> list[bytes]:
        """Every entry committed so far."""
        return [each.value for each in self.topics.records("kernel.ledger", 0, 0) if each.value is not None]

    def restart(self) -> Positions | None:
        """Kill the kernel and start another one from what was committed; unread records are read again."""
        self.kernel = new_kernel()
        positions = self.kernel.restore(self.topics)
        self.queue = [
            record
            for place, log in sorted(self.topics.logs.items())
            if place[0] in ORDER
            for record in log
            if record.offset >= (positions or {}).get(place, 0)
        ]
        return positions

    # -- the market --------------------------------------------------------------------------------------

    def tick(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds * SECOND

    def quote(self, instrument: str, bid: str, ask: str, *, at: int | None = None) -> Record:
        """A quote, now unless told otherwise."""
        one = Decimal(1)
        quote = m.Quote(bid=Decimal(bid), ask=Decimal(ask), bid_size=one, ask_size=one)
        self.signals += 1
        signal = m.MarketSignal(
            source="tape", signal_id=f"q{self.signals}", instrument=instrument, venue="paper",
            event_time=self.now if at is None else at, body=quote,
        )  # fmt: skip
        record = self.put("market.signals", signal, key=instrument.encode())
        self.quotes[instrument] = (quote, record)
        return record

    def market_view(self, instrument: str, **changes: Any) -> m.InstrumentView:
        """The instrument as the selector would show it now."""
        quote, record = self.quotes[instrument]
        signal = decode(m.MarketSignal, (record.value or b"")[PREFIX.size :])
        middle = (quote.bid + quote.ask) / 2
        view = m.InstrumentView(
            instrument=instrument, last=middle, bid=quote.bid, ask=quote.ask, mid=middle,
            spread_bps=Decimal(1), atr=quote.bid / 1000, volatility=Decimal("0.001"), drawdown=Decimal(0),
            returns=(), price_partition=record.partition, price_offset=record.offset,
            quote_time=signal.event_time,
        )  # fmt: skip
        return replace(view, **changes)

    # -- flows and answers -------------------------------------------------------------------------------

    def flow(
        self,
        agents: Iterable[str] = ("sovereign",),
        *,
        account: str = ACCOUNT,
        instrument: str = BTC,
        lane: m.Lane | None = None,
        signal: str | None = None,
        attempt: int = 1,
        snapshot: Mapping[str, Any] | None = None,
        market: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> m.FlowOpened:
        """A flow as an honest selector opens it on the present market and view."""
        names = tuple(agents)
        self.signals += 1
        name = signal or f"s{self.signals}"
        found = self.contracts[names[0]].topologies[0] if lane is None else lane
        seen = self.views[account]
        shot = m.Snapshot(
            taken_at=self.now, feature_version=1, rules_hash=self.rules_hash,
            instruments=(self.market_view(instrument, **(market or {})),), headlines=(), account=seen.view,
            account_hash=seen.view_hash, equity=seen.equity, peak=seen.peak, day_start=seen.day_start,
        )  # fmt: skip
        flow = m.FlowOpened(
            ledger=LEDGER, dfid=dfid(LEDGER, "tape", name, account, "test"), parent=None, account=account,
            decision_class="test", lane=found, attempt=attempt, steps=("s1",),
            trigger=m.Trigger(
                topic="market.signals", partition=0, offset=0, kind="BAR", source="tape", signal_id=name,
                instrument=instrument, event_time=self.now, value_hash=bytes(32),
            ),
            woken=tuple(self.woken(each) for each in names), routing_hash=bytes(32),
            deadline=self.now + 30 * SECOND, flow_expires_at=self.now + 600 * SECOND,
            snapshot=replace(shot, **(snapshot or {})),
        )  # fmt: skip
        return replace(flow, **changes)

    def woken(self, agent: str) -> m.WokenAgent:
        """The agent under its contract."""
        contract = self.contracts[agent]
        return m.WokenAgent(
            agent_id=agent, version=contract.version, contract_hash=contract_hash(canonical(contract)),
            veto=contract.veto, priority=contract.priority, trajectory=(),
        )  # fmt: skip

    def intent(self, flow: m.FlowOpened, action: m.Action = m.Action.BUY, **changes: Any) -> m.Intent:
        """An intent of the flow's first agent (or ``agent_id``) that every gate lets through."""
        agent = changes.pop("agent_id", flow.woken[0].agent_id)
        view = flow.snapshot.instruments[0]
        assert view.ask is not None
        trades = action in (m.Action.BUY, m.Action.SELL)
        idle = action in (m.Action.HOLD, m.Action.HALT)
        framed = action is m.Action.MANDATE and "mandate" not in changes
        limit = (view.ask * Decimal("1.001")).quantize(Decimal("0.01"))
        intent = m.Intent(
            ledger=LEDGER, account=flow.account, lane=flow.lane, kind=LANES[flow.lane], dfid=flow.dfid,
            flow_hash=h_flow(flow), step_id="s1", attempt=flow.attempt, agent_id=agent,
            contract_version=self.contracts[agent].version, action=action,
            instrument=None if action is m.Action.HALT else view.instrument,
            quantity=Decimal(0) if idle or action is m.Action.CLOSE else Decimal("0.5"),
            limit_price=limit if action is m.Action.BUY else None,
            stop=(limit * Decimal("0.98")).quantize(Decimal("0.01")) if trades else None,
            target_price=(limit * Decimal("1.06")).quantize(Decimal("0.01")) if trades else None,
            time_in_force=m.TimeInForce.IOC, valid_from=flow.snapshot.taken_at,
            valid_until=flow.flow_expires_at, drift_envelope_bps=Decimal(50),
            state_hash=state_hash(encode(flow.snapshot)), confidence=Decimal("0.9"), usage=NO_USAGE,
            rounds=(), explain_commitment=bytes(32), mandate=self.frame(view) if framed else None,
        )  # fmt: skip
        intent = replace(intent, **changes)
        proven = flow.lane is m.Lane.DLPCI and "evidence" not in changes
        return with_evidence(flow, intent) if proven else intent

    def frame(self, view: m.InstrumentView, **changes: Any) -> m.Mandate:
        """A frame for buying, within one percent of the present price, for half an hour."""
        assert view.mid is not None
        cent = Decimal("0.01")
        frame = m.Mandate(
            side=m.Side.BUY, price_low=(view.mid * Decimal("0.99")).quantize(cent),
            price_high=(view.mid * Decimal("1.01")).quantize(cent), expires_at=self.now + 1800 * SECOND,
        )  # fmt: skip
        return replace(frame, **changes)

    def mandated(self, total: str = "1", instrument: str = BTC, **frame: Any) -> m.FlowOpened:
        """Have a MANDATE of the prover accepted; its flow, which children name as their parent."""
        flow = self.flow(("prover",), instrument=instrument)
        wanted = self.frame(flow.snapshot.instruments[0], **frame)
        intent = self.intent(flow, m.Action.MANDATE, quantity=Decimal(total), mandate=wanted)
        self.prove(flow, intent)
        self.run()
        assert self.verdict.verdict is m.Verdict.ACCEPTED, self.verdict
        return flow

    def prove(self, flow: m.FlowOpened, intent: m.Intent) -> Record:
        """Queue a PCI with the attestation its contract asks for."""
        body = seal(intent, signer(intent.agent_id))
        return self.propose(flow, body, attestations=(self.attest(flow, body),))

    def child(self, parent: m.FlowOpened, number: int, **changes: Any) -> m.FlowOpened:
        """A child flow as an honest selector opens it under a mandate of ``parent``."""
        step = changes.pop("parent_step", parent.steps[0])
        name = child_dfid(LEDGER, parent.dfid, step, number)
        family = {"parent": parent.dfid, "parent_step": step, "child_number": number, "dfid": name}
        instrument = parent.trigger.instrument
        return self.flow(**{"account": parent.account, "instrument": instrument} | family | changes)

    def report(
        self, flow: m.FlowOpened, agent: str, kind: m.ReportKind = m.ReportKind.NO_PROPOSAL,
        reason: LaneReason = LaneReason.NO_EDGE,
    ) -> m.Report:  # fmt: skip
        """An answer without an intent."""
        version = self.contracts[agent].version if agent in self.contracts else "0.0.0"
        return m.Report(
            ledger=LEDGER, account=flow.account, lane=flow.lane, dfid=flow.dfid, flow_hash=h_flow(flow),
            step_id="s1", attempt=flow.attempt, agent_id=agent, contract_version=version, kind=kind,
            reason=int(reason), facts=(), usage=NO_USAGE, explain_commitment=bytes(32), at=self.now,
        )  # fmt: skip

    def attest(
        self, flow: m.FlowOpened, body: m.Envelope, by: str = "heuristic", **changes: Any
    ) -> m.Envelope:
        """An attestor's signed word on a proof."""
        said = m.Attestation(
            ledger=LEDGER, account=flow.account, dfid=flow.dfid, attempt=flow.attempt,
            intent_digest=digest(body), attestor_id="heuristic", tier="heuristic", agrees=True,
            artifact_hash=bytes(32), facts=(), at=self.now,
        )  # fmt: skip
        return seal(replace(said, **changes), signer(by))

    def window(
        self, flow: m.FlowOpened, answers: Sequence[m.Intent | m.Report],
        kind: m.WindowKind = m.WindowKind.COMPLETE, **changes: Any,
    ) -> m.WindowRecord:  # fmt: skip
        """The arbiter's window over these answers, with the winner that follows from them."""
        sealed = [seal(each, signer(each.agent_id)) for each in answers]
        woken = {each.agent_id: each for each in flow.woken}
        seen = [
            Answer(
                agent_id=each.agent_id, priority=woken[each.agent_id].priority,
                veto=woken[each.agent_id].veto, kind=kind_of(each),
                confidence=each.confidence if isinstance(each, m.Intent) else Decimal(0), digest=digest(env),
            )
            for each, env in zip(answers, sealed, strict=True)
        ]  # fmt: skip
        vetoes = [each.agent_id for each in flow.woken if each.veto]
        outcome = arbitrate(seen, veto_agents_missing=veto_missing(vetoes, seen))
        record = m.WindowRecord(
            ledger=LEDGER, account=flow.account, dfid=flow.dfid, flow_hash=h_flow(flow), attempt=flow.attempt,
            kind=kind, answers=tuple(sealed), winner=outcome.winner, reason=int(outcome.reason), at=self.now,
        )  # fmt: skip
        return replace(record, **changes)

    def propose(
        self, flow: m.FlowOpened, body: Any, *, by: str | None = None, selector: str = "selector",
        attestations: tuple[m.Envelope, ...] = (),
    ) -> Record:  # fmt: skip
        """Queue a proposal; the body is signed by its author unless told otherwise."""
        if isinstance(body, m.Envelope):
            sealed = body
        else:
            author = "arbiter" if isinstance(body, m.WindowRecord) else body.agent_id
            sealed = seal(body, signer(by or author))
        proposal = m.Proposal(flow=seal(flow, signer(selector)), body=sealed, attestations=attestations)
        return self.put("proposals", proposal, key=flow.account.encode())

    def receipt(self, order: m.KernelIntent, status: m.ReceiptStatus, quantity: Decimal | None = None,
                price: Decimal | None = None, fee: str = "0", **changes: Any) -> Record:  # fmt: skip
        """The executor's word on an order: all of it at its limit unless told otherwise."""
        done = quantity if quantity is not None else (
            order.quantity if status is m.ReceiptStatus.FILLED else Decimal(0))  # fmt: skip
        said = m.Receipt(
            ledger=LEDGER, account=order.account, dfid=order.dfid, key=order.key, venue="paper",
            venue_order_id="v1", status=status, quantity=done,
            average_price=order.limit_price if price is None else price, fee=Decimal(fee), raw_hash=bytes(32),
            attempt=1, at=self.now,
        )  # fmt: skip
        return self.put("venue.receipts", seal(replace(said, **changes), signer("executor")))

    def decide(self, flow: m.FlowOpened, body: m.Envelope, choice: m.HumanChoice, **changes: Any) -> Record:
        """An operator's signed act on an escalation."""
        self.serials += 1
        act = m.HumanDecision(
            ledger=LEDGER, serial=self.serials, account=flow.account, dfid=flow.dfid, choice=choice,
            payload_digest=digest(body), price_shown=flow.snapshot.instruments[0].mid,
            valid_until=self.now + 60 * SECOND, explain_commitment=bytes(32),
        )  # fmt: skip
        return self.put("human.decisions", seal(replace(act, **changes), signer("operator")))

    def bought(self, quantity: str = "0.5", instrument: str = BTC) -> m.KernelIntent:
        """Buy and have it filled: an account that holds something."""
        flow = self.flow(instrument=instrument)
        self.propose(flow, self.intent(flow, quantity=Decimal(quantity)))
        self.run()
        order = self.order
        self.receipt(order, m.ReceiptStatus.FILLED)
        self.run()
        return order


def h_flow(flow: m.FlowOpened) -> bytes:
    """H_flow, whoever signs."""
    return flow_hash(seal(flow, signer("selector")).payload)


def with_evidence(flow: m.FlowOpened, intent: m.Intent) -> m.Intent:
    """The intent with the evidence hash an honest prover gives; one not woken gives that of who was first."""
    woken = next((each for each in flow.woken if each.agent_id == intent.agent_id), flow.woken[0])
    h_state = state_hash(encode(flow.snapshot))
    proof = evidence_hash(flow.dfid, h_state, woken.contract_hash, flow.snapshot.rules_hash)
    return replace(intent, evidence=proof)
