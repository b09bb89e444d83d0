"""The mesh and the proof lane on a real broker: real Faust workers, real arbiter, real signatures.

Only the selector is played here, with its own key: one flow a lane, a worker killed in between.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from interlock.context import Context
from interlock.genesis import create
from interlock.programs import loop, worker
from interlock.services.running import Running
from interlock.services.supervisor import Program
from ledger.envelope import opened, seal
from ledger.hashes import explain_commitment, flow_hash
from ledger.signing import Signer
from schemas import codec
from schemas.models import (
    Action,
    Attestation,
    DocumentKind,
    Envelope,
    Explanation,
    FlowOpened,
    FlowRecord,
    Instruction,
    Intent,
    Lane,
    Manifest,
    Proposal,
    Report,
    WindowKind,
    WindowRecord,
)
from tests import road_world
from topologies.grants import Grants
from transport.card import Card, seed
from transport.log import Record
from transport.names import LedgerName, physical

pytestmark = pytest.mark.broker
AGENTS = ("risk", "strategy", "prover", "heuristic")
ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_S = 60.0


@dataclass(slots=True, kw_only=True)
class Roads:
    """One ledger with its workers; ``children`` by name."""

    running: Running
    card: Card
    grants: Grants
    children: dict[str, subprocess.Popen[bytes]]

    def start(self, program: Program) -> None:
        """Start one process as the supervisor would."""
        path = self.running.root / "run" / f"{program.name}.out"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as out:
            self.children[program.name] = subprocess.Popen(
                program.argv,
                cwd=ROOT,
                env={**os.environ, **program.env},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def key(self, who: str) -> Signer:
        """The real key of this ledger."""
        return Signer(seed(self.running.root, self.card.name, who))

    def send(self, topic: str, message: object | bytes) -> None:
        """Write one record as the feeder's neighbour: a principal that may do everything."""
        value = message if isinstance(message, bytes) else self.grants.ids.pack(message)
        producer = Producer({**self.running.admin(), "acks": "all"})
        producer.produce(physical(LedgerName(self.card.name), topic), value, b"paper-1", 0)
        assert producer.flush(20) == 0

    def read(self, topic: str, enough: int) -> list[bytes]:
        """The first ``enough`` committed values of a topic, within a minute."""
        config = {
            "group.id": "test-roads",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
        }
        consumer = Consumer({**self.running.admin(), **config, "enable.auto.commit": False})
        found: list[bytes] = []
        end = time.monotonic() + WAIT_S
        consumer.subscribe([physical(LedgerName(self.card.name), topic)])
        while len(found) < enough and time.monotonic() < end:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                found.append(message.value())
        consumer.close()
        assert len(found) >= enough, f"{topic}: {len(found)} of {enough} records"
        return found

    def flow(self, flow: FlowOpened, **beside: object) -> FlowRecord:
        """The flow as this ledger's selector would sign it, under its contracts and rules."""
        woken = []
        for each in flow.woken:
            granted = self.grants.registry.granted(DocumentKind.CONTRACT, each.agent_id)
            assert granted is not None
            woken.append(replace(each, version=granted.document.version, contract_hash=granted.digest))
        mine = replace(
            flow, ledger=self.card.ledger, woken=tuple(woken), deadline=time.time_ns() // 1000 + 30_000_000
        )
        mine = replace(mine, flow_expires_at=mine.deadline + 600_000_000)
        return FlowRecord(flow=seal(mine, self.key("selector")), headlines=(), **beside)  # type: ignore[arg-type]  # fields by name


@pytest.fixture(scope="module")
def roads(services: Running) -> Iterator[Roads]:
    """A LIVE-clocked ledger with two mesh agents, the proof lane and the arbiter at work."""
    card = create(services, LedgerName("roads"), clock="LIVE", accounts=("paper-1",))
    found = Roads(running=services, card=card, grants=Grants(card.root), children={})
    for offset, value in enumerate(_registry(services, card)):
        found.grants.fold(Record(topic="registry", partition=0, offset=offset, key=None, value=value))
    for agent in AGENTS:
        found.start(worker(services, card, agent))
    found.start(loop(services, card, "arbiter"))
    yield found
    for child in found.children.values():
        child.terminate()
    for child in found.children.values():
        child.wait(20)


def _registry(services: Running, card: Card) -> list[bytes]:
    config = {"group.id": "test-registry", "auto.offset.reset": "earliest", "enable.partition.eof": True}
    consumer = Consumer({**services.admin(), **config, "enable.auto.commit": False})
    consumer.subscribe([physical(LedgerName(card.name), "registry")])
    found: list[bytes] = []
    while True:
        message = consumer.poll(10)
        assert message is not None
        if message.error() is not None:
            break
        found.append(message.value())
    consumer.close()
    return found


def test_workers_say_hello_before_they_answer(roads: Roads) -> None:
    hellos = [roads.grants.ids.unpack(Envelope, value) for value in roads.read("agents.manifest", 3)]
    assert {opened(each, Manifest).agent_id for each in hellos} == {"risk", "strategy", "prover"}


def test_a_halt_preempts_the_buy_of_the_same_flow_and_a_killed_worker_loses_nothing(roads: Roads) -> None:
    first = road_world.opened("risk", "strategy", view=road_world.fallen(), signal="roads-1")
    second = road_world.opened("risk", "strategy", view=road_world.rising(), signal="roads-2")
    roads.send("flows.eoam", b"garbage")
    roads.send("flows.eoam", roads.flow(first))
    window = opened(_proposals(roads, 1)[0].body, WindowRecord)
    actions = {opened(each, Intent).action for each in window.answers}
    assert (window.kind, actions) == (WindowKind.COMPLETE, {Action.HALT, Action.BUY})
    roads.children["strategy"].kill()
    roads.send("flows.eoam", roads.flow(second))
    roads.children["strategy"].wait(10)
    roads.start(worker(roads.running, roads.card, "strategy"))
    window = opened(_proposals(roads, 2)[1].body, WindowRecord)
    assert window.kind is WindowKind.COMPLETE
    assert sorted(each.payload_type.rsplit(".", 2)[1] for each in window.answers) == ["intent", "report"]
    # Explanations are written before their answers, and perhaps twice after a kill: all there are count.
    there = Context(running=roads.running, card=roads.card).read("explanations", 0)
    explained = [roads.grants.ids.unpack(Explanation, record.value) for record in there]
    commitments = {explain_commitment(each.text, each.salt) for each in explained}
    assert {_commitment(each) for each in window.answers} <= commitments


def test_an_instruction_leaves_as_a_proof_with_its_attestation(roads: Roads) -> None:
    text, salt = "SELL 1 eth-usd", road_world.SALT
    flow = road_world.instructed(text).opened
    assert flow.trigger.instruction is not None
    signed = opened(codec.decode(Envelope, flow.trigger.instruction), Instruction)
    mine = seal(replace(signed, ledger=roads.card.ledger), roads.key("principal-paper-1"))
    flow = replace(flow, trigger=replace(flow.trigger, instruction=codec.encode(mine)))
    roads.send("flows.dlpci", roads.flow(flow, instruction_text=text, instruction_salt=salt))
    proposal = next(each for each in _proposals(roads, 3) if each.attestations)
    intent = opened(proposal.body, Intent)
    assert (intent.action, intent.lane) == (Action.SELL, Lane.DLPCI)
    assert intent.flow_hash == flow_hash(proposal.flow.payload)
    assert opened(proposal.attestations[0], Attestation).agrees


def _proposals(roads: Roads, enough: int) -> list[Proposal]:
    return [roads.grants.ids.unpack(Proposal, value) for value in roads.read("proposals", enough)]


def _commitment(envelope: Envelope) -> bytes:
    cls = Report if ".report." in envelope.payload_type else Intent
    commitment: bytes = opened(envelope, cls).explain_commitment
    return commitment
