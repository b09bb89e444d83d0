"""The stream worker on a real broker: a flow on Kafka is answered with a signed atom."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, TopicPartition

from interlock import genesis, programs
from interlock.genesis import Message
from interlock.grants import contracts
from interlock.services import local
from ledger.envelope import opened, seal, signed_by
from ledger.hashes import contract_hash, shard_of
from ledger.signing import Signer
from rules.contract_json import canonical
from schemas.codec import decode
from schemas.models import Envelope as Sealed
from schemas.models import Explanation, FlowRecord, Intent, Manifest, Proposal, Quarantined
from schemas.wire import PREFIX, SchemaIds
from tests.stream_scenes import flow
from topologies.grants import Grants
from transport.card import seed
from transport.log import Record
from transport.names import ledger_name, physical

pytestmark = [pytest.mark.broker, pytest.mark.model]

LEDGER = ledger_name("t-stream")
START_S = 90.0


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    root = tmp_path_factory.mktemp("stream") / "state"
    yield local.ensure(root)
    local.down(root)


@pytest.fixture(scope="module")
def card(running):
    return genesis.create(running, LEDGER, clock="LIVE", accounts=["paper-1"])


@pytest.fixture(scope="module")
def worker(running, card, tmp_path_factory) -> Iterator[subprocess.Popen[bytes]]:
    program = programs.worker(running, card, "sovereign")
    with (tmp_path_factory.mktemp("log") / "worker.log").open("wb") as log:
        child = subprocess.Popen(program.argv, env={**os.environ, **program.env}, stdout=log, stderr=log)
    yield child
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)


def records(running, base: str, count: int, limit_s: float) -> list[Record]:
    """The first `count` committed records of partition 0, or as many as come in time."""
    settings = {**running.client("admin"), "group.id": "t", "enable.auto.commit": False}
    consumer = Consumer({**settings, "isolation.level": "read_committed"})
    consumer.assign([TopicPartition(physical(LEDGER, base), 0, 0)])
    found: list[Record] = []
    end = time.monotonic() + limit_s
    while len(found) < count and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            value, key = message.value(), message.key()
            found.append(Record(topic=base, partition=0, offset=message.offset(), key=key, value=value))
    consumer.close()
    return found


def granted(running, card) -> Grants:
    grants = Grants(card.root)
    for record in records(running, "registry", 10_000, 3.0):
        grants.fold(record)
    return grants


def packed(ids: SchemaIds, message: object) -> bytes:
    return ids.pack(message)


def body(record: Record, cls):
    assert record.value is not None
    return decode(cls, record.value[PREFIX.size :])


def sent_flow(running, card, grants: Grants) -> FlowRecord:
    selector = Signer(seed(running.root, card.name, "selector"))
    shipped = next(each for each in contracts() if each.agent_id == "sovereign")
    now = time.time_ns() // 1_000
    woken = replace(flow().woken[0], version=shipped.version, contract_hash=contract_hash(canonical(shipped)))
    asked = replace(
        flow(),
        ledger=card.ledger,
        woken=(woken,),
        deadline=now + 600_000_000,
        flow_expires_at=now + 900_000_000,
        snapshot=replace(flow().snapshot, taken_at=now),
    )
    record = FlowRecord(flow=seal(asked, selector), headlines=())
    assert shard_of("paper-1", card.shards) == 0
    message = Message(topic="flows.sds", partition=0, key=b"paper-1", value=packed(grants.ids, record))
    genesis.send(running, "selector", LEDGER, [message])
    return record


def test_a_flow_on_kafka_becomes_a_signed_atom_and_garbage_goes_to_quarantine(running, card, worker):
    grants = granted(running, card)
    garbage = Message(topic="flows.sds", partition=0, key=b"paper-1", value=b"\x00garbage")
    genesis.send(running, "selector", LEDGER, [garbage])
    record = sent_flow(running, card, grants)
    (proposed,) = records(running, "proposals", 1, START_S)
    assert worker.poll() is None
    proposal = body(proposed, Proposal)
    assert proposal.flow == record.flow
    public = Signer(seed(running.root, card.name, "sovereign")).public
    assert signed_by(proposal.body, public)
    atom = opened(proposal.body, Intent)
    assert atom.generation is not None
    assert atom.generation.text.startswith("action=BUY;size=")
    (explained,) = records(running, "explanations", 1, 5.0)
    assert "saw: short:+3" in body(explained, Explanation).text
    (hello,) = records(running, "agents.manifest", 1, 5.0)
    manifest = opened(body(hello, Sealed), Manifest)
    assert manifest.model_hash == atom.generation.model_hash
    assert manifest.grammar_hash == atom.generation.grammar_hash
    (poison,) = records(running, "quarantine", 1, 5.0)
    assert body(poison, Quarantined).value == b"\x00garbage"


def test_a_killed_worker_answers_again_with_the_same_bytes_or_not_at_all(running, card, worker):
    worker.kill()
    worker.wait(5)
    program = programs.worker(running, card, "sovereign")
    again = subprocess.Popen(program.argv, env={**os.environ, **program.env}, stdout=subprocess.DEVNULL)
    try:
        sent_flow(running, card, granted(running, card))
        found = [body(each, Proposal) for each in records(running, "proposals", 3, START_S / 3)]
    finally:
        again.terminate()
        again.wait(20)
    assert len({each.flow.payload for each in found}) == 2
    assert len({each.body.payload for each in found}) == 2
