"""All roads in one process: every part as it is, and lists where the topics would be; no clock but `now`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.model.spoken import Speaker
from kernel.consumer import Kernel
from kernel.executor import Executor
from kernel.venues.paper import PaperVenue
from ledger.envelope import opened, seal
from ledger.hashes import explain_commitment, explain_salt, sha256
from ledger.keys import KeyDocument
from schemas import models as m
from schemas.codec import decode, encode
from schemas.kinds import Role
from schemas.wire import PREFIX
from tests.build import LEDGER, NOW, SECOND, identity, release, signer
from topologies.arbiter.processor import Arbiter
from topologies.grants import Grants
from topologies.hello import manifest_of
from topologies.proof.attesting import Attestor
from topologies.selector.processor import Selector
from topologies.stream.thinker import StreamThinker
from topologies.stream.voice import OneByOne
from topologies.thinker import Said, Thinker
from transport.log import Effect, Output, Produce, Record, StateChange

PRINCIPAL = "principal"
MINUTE = 60 * SECOND


class Pen:
    """The key itself where a worker has a signer process."""

    def __init__(self, who: str) -> None:
        self._who = who

    def seal(self, message: object) -> m.Envelope:
        return seal(message, signer(self._who))

    def salt(self, dfid: bytes, step_id: str, attempt: int) -> bytes:
        return explain_salt(sha256(self._who.encode()), dfid, step_id, attempt)

    def seals(self, messages: Sequence[object]) -> list[m.Envelope]:
        return [self.seal(each) for each in messages]

    def salts(self, steps: Sequence[tuple[bytes, str, int]]) -> list[bytes]:
        return [self.salt(*each) for each in steps]


class Roads:
    """``said``: every record of every topic. ``settle`` runs all parts until none has anything to read."""

    def __init__(self, folder: Path, speaker: Speaker, accounts: Sequence[str]) -> None:
        self.now = NOW
        self.said: dict[str, list[Record]] = {}
        self.serials = 0
        self.grants = Grants(signer("root").public)
        self._release(accounts)
        root = signer("root").public
        self.kernel = Kernel(
            identity=identity(), log_signer=signer("kernel-log"), intent_signer=signer("kernel-intent")
        )
        self.selector = Selector(
            ledger=LEDGER, root_public=root, shards=1, shard=0, signer=signer("selector")
        )
        executor = Executor(
            ledger=LEDGER, root=root, shard=0, signer=signer("executor"),
            venue=PaperVenue(folder / "venue.db", seed="roads"),
        )  # fmt: skip
        arbiter = Arbiter(ledger=LEDGER, root_public=root, signer=signer("arbiter"), shard=0)
        self._parts = [self.selector, arbiter, self.kernel, executor]
        known = self.grants
        prover = Thinker(
            agent_id="prover", ledger=LEDGER, grants=known, pen=Pen("prover"), wait=lambda holds: holds(known)
        )
        stream = StreamThinker(
            ledger=LEDGER, grants=known, pen=Pen("sovereign"), speaker=OneByOne(speaker),
            wait=lambda holds: holds(known), now=lambda: self.now,
        )  # fmt: skip
        attestor = Attestor(ledger=LEDGER, grants=known, pen=Pen("heuristic"))
        self._thinkers: list[tuple[str, Callable[[Record], Any]]] = [
            ("flows.dlpci", prover.answer),
            ("evidence.requests", attestor.answer),
            ("flows.sds", stream.answer),
        ]
        self._read: dict[tuple[int, str], int] = {}
        self.settle()
        for agent in ("prover", "sovereign"):
            self._hello(agent)
        for account in accounts:
            self._open(account)
        self.settle()

    def put(self, topic: str, key: bytes, message: object) -> Record:
        """Append a framed record."""
        return self._append(topic, key, self.grants.ids.pack(message))

    def settle(self) -> None:
        """Let every part read what is new, until nothing is."""
        while any([self._fed(number) for number in range(len(self._parts))] + [self._thought()]):
            pass

    def instruct(self, account: str, instrument: str, text: str) -> None:
        """A principal's signed sentence."""
        salt = bytes(32)
        order = m.Instruction(
            ledger=LEDGER, account=account, instruction_id=f"order-{len(self.all('instructions'))}",
            event_time=self.now, decision_class="audit", instrument=instrument, urgency=m.Urgency.NORMAL,
            compliance=True, text_commitment=explain_commitment(text, salt),
        )  # fmt: skip
        record = m.InstructionRecord(envelope=seal(order, signer(PRINCIPAL)), text=text, salt=salt)
        self.put("instructions", account.encode(), record)
        self.settle()

    def minute(self, instrument: str, close: Decimal) -> None:
        """A minute passes: its bar, and a quote around its close."""
        self.now += MINUTE
        size, cent = Decimal(5), Decimal("0.01")
        bar = m.Bar(open=close, high=close + 1, low=close - 1, close=close, volume=size, period_ms=60_000)
        quote = m.Quote(bid=close - cent, ask=close + cent, bid_size=size, ask_size=size)
        for body in (quote, bar):
            name = f"{type(body).__name__.lower()}-{self.now}"
            signal = m.MarketSignal(
                source="tape", signal_id=name, instrument=instrument, venue="paper", event_time=self.now,
                body=body,
            )  # fmt: skip
            self.put("market.signals", instrument.encode(), signal)
        self.settle()

    def all(self, topic: str, cls: Any = None) -> list[Any]:
        """Every message of a topic; of envelopes with ``cls`` what they hold."""
        found: list[Any] = []
        for record in self.said.get(topic, []):
            if cls is None:
                found.append(record)
                continue
            assert record.value is not None
            name = m.Envelope if topic in ("venue.receipts", "kernel.intents") else cls
            message = decode(name, record.value[PREFIX.size :])
            found.append(opened(message, cls) if name is m.Envelope else message)
        return found

    def flows(self, topic: str) -> list[m.FlowOpened]:
        """The flows of a road."""
        return [opened(each.flow, m.FlowOpened) for each in self.all(topic, m.FlowRecord)]

    @property
    def ledger(self) -> list[bytes]:
        """Every entry committed so far."""
        return [each.value for each in self.said["kernel.ledger"] if each.value is not None]

    def _release(self, accounts: Sequence[str]) -> None:
        envelopes = list(release())
        last = opened(envelopes[-1][1], m.RegistryDocument).serial
        public = signer(PRINCIPAL)
        body = KeyDocument(public=public.public, role=Role.PRINCIPAL, bound=tuple(accounts)).body()
        document = m.RegistryDocument(
            kind=m.DocumentKind.KEY, id=public.keyid.hex(), version="1", serial=last + 1, body=body
        )
        envelopes.append((b"principal", seal(document, signer("registry"))))
        for key, envelope in envelopes:
            record = self._append("registry", key, PREFIX.pack(0, 0) + encode(envelope))
            assert self.grants.fold(record)
        # The ids are known only now; the records are framed with them as a publisher frames his.
        framed = [self.grants.ids.pack(envelope) for _, envelope in envelopes]
        records = zip(self.said["registry"], framed, strict=True)
        self.said["registry"] = [replace(record, value=value) for record, value in records]

    def _hello(self, agent: str) -> None:
        granted = self.grants.registry.granted(m.DocumentKind.CONTRACT, agent)
        assert granted is not None
        hello = manifest_of(LEDGER, granted, self.now)
        self.put("agents.manifest", agent.encode(), seal(hello, signer(agent)))

    def _open(self, account: str) -> None:
        self.serials += 1
        command = m.Control(
            ledger=LEDGER, serial=self.serials, verb=m.Verb.OPEN, account=account, amount=Decimal(100_000),
            reason="test", at=self.now,
        )  # fmt: skip
        self.put("control", account.encode(), seal(command, signer("operator")))

    def _append(self, topic: str, key: bytes | None, value: bytes | None) -> Record:
        log = self.said.setdefault(topic, [])
        record = Record(topic=topic, partition=0, offset=len(log), key=key, value=value)
        log.append(record)
        return record

    def _fed(self, number: int) -> bool:
        part, batch = self._parts[number], []
        for each in sorted(part.inputs, key=lambda one: one.rank):
            at = self._read.get((number, each.topic), 0)
            new = self.said.get(each.topic, [])[at:]
            self._read[number, each.topic] = at + len(new)
            batch += new
        if batch:
            self._commit(part, part.step(batch, self.now))
            self._commit(part, part.step((), self.now))
        return bool(batch)

    def _commit(self, part: Any, outputs: Sequence[Output]) -> None:
        answers: list[Record] = []
        for output in outputs:
            match output:
                case Produce():
                    self._append(output.topic, output.key, output.value)
                case Effect():
                    answers += part.perform(output)
                case StateChange():
                    pass
        if answers:
            self._commit(part, part.step(answers, self.now))

    def _thought(self) -> bool:
        busy = False
        for topic, answer in self._thinkers:
            at = self._read.get((-1, topic), 0)
            new = self.said.get(topic, [])[at:]
            self._read[-1, topic] = at + len(new)
            for record in new:
                said = answer(record)
                assert isinstance(said, Said), said
                for produce in (each for part in said.parts for each in part):
                    self._append(produce.topic, produce.key, produce.value)
            busy = busy or bool(new)
        return busy
