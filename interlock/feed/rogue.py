"""A prover that misbehaves under a valid grant: forged claims, so that the kernel can be seen to refuse them.

It holds the broker principal and key of ``prover-b``, says hello like every worker, and answers each flow
that wakes it with one forgery; which one, the made-up order says. Forgeries that gate 1 refuses never touch
the flow, so a properly signed NO_PROPOSAL follows them: a flow must not hang on a liar.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from interlock.feed.made_up import orders
from ledger.envelope import seal
from ledger.hashes import evidence_hash
from ledger.signing import Signer
from schemas.models import (
    DocumentKind,
    Envelope,
    EvidenceRequest,
    FlowRecord,
    Intent,
    Lane,
    Report,
    ReportKind,
)
from schemas.reasons import LaneReason
from schemas.wire import Refused
from topologies.faust_worker import RELEASE_WAIT_S, Desk
from topologies.genuine import Flow, genuine_flow
from topologies.thinking import ROLES, explanation, think, woken_in
from transport import kafka_config
from transport.edge import stop_on_signals
from transport.kafka_reader import as_record, check_read
from transport.log import LogError, Produce, Record
from transport.names import LedgerName, physical, worker_group_id
from transport.settings import read

NAME = "prover-b"
FLOWS, REQUESTS = "flows.dlpci", "evidence.requests"
SOMEBODY = Signer(hashlib.sha256(b"a key that nobody enrolled").digest())
FLUSH_S = 30.0


def forgery(intent: Intent, kind: str, desk: Desk) -> Envelope:
    """A claim that is false in one respect; ``kind`` is the note of the made-up order."""
    match kind:
        case _ if kind.endswith("stale snapshot"):
            stale = hashlib.sha256(b"an older snapshot").digest()
            assert intent.evidence is not None
            return desk.signer.seal(replace(intent, state_hash=stale))
        case _ if kind.endswith("wrong signer"):
            return seal(intent, SOMEBODY)
        case _ if kind.endswith("wrong account"):
            other = "paper-2" if intent.account == "paper-1" else "paper-1"
            return desk.signer.seal(replace(intent, account=other))
        case _:
            wrong = evidence_hash(intent.dfid, bytes(32), bytes(32), bytes(32))
            return desk.signer.seal(replace(intent, evidence=wrong))


def touches_nothing(kind: str) -> bool:
    """Whether gate 1 refuses this forgery, so that the flow stays open."""
    return kind.endswith(("wrong signer", "wrong account"))


def answers(record: Record, desk: Desk) -> list[Produce]:
    """The forged claim to one flow, and a true NO_PROPOSAL where the forgery cannot end it."""
    grants = desk.following.grants
    try:
        flow = grants.ids.unpack(FlowRecord, record.value)
    except Refused:
        return []
    found = genuine_flow(flow, desk.card.ledger, Lane.DLPCI, grants)
    woken = woken_in(found, NAME) if isinstance(found, Flow) else None
    if not isinstance(found, Flow) or woken is None:
        return []
    desk.following.wait_for(lambda known: known.contract(woken.contract_hash) is not None)
    salt = desk.signer.salt(found.opened.dfid, found.opened.steps[0], found.opened.attempt)
    spoken = think(ROLES["prover"], found, woken, grants, salt)
    if spoken is None or not isinstance(spoken.body, Intent):
        return []
    kind = next((order.note for order in orders() if order.at == found.opened.trigger.event_time), "")
    bodies = [forgery(spoken.body, kind, desk)]
    if touches_nothing(kind):
        bodies.append(desk.signer.seal(nothing(spoken.body)))
    sent = [explanation(found, spoken, grants, record.partition)]
    for body in bodies:
        value = grants.ids.pack(EvidenceRequest(flow=found.record, intent=body))
        key = found.opened.account.encode()
        sent.append(Produce(topic=REQUESTS, partition=record.partition, key=key, value=value))
    return sent


def nothing(intent: Intent) -> Report:
    """The honest answer that lets the flow end."""
    return Report(
        ledger=intent.ledger, account=intent.account, lane=intent.lane, dfid=intent.dfid,
        flow_hash=intent.flow_hash, step_id=intent.step_id, attempt=intent.attempt, agent_id=intent.agent_id,
        contract_version=intent.contract_version, kind=ReportKind.NO_PROPOSAL, reason=int(LaneReason.NO_EDGE),
        facts=(), usage=intent.usage, explain_commitment=intent.explain_commitment, at=intent.valid_from,
    )  # fmt: skip


def main() -> int:
    """Answer flows until a signal."""
    settings = read()
    desk = Desk.open(settings, NAME)
    desk.following.wait_for(
        lambda grants: grants.registry.granted(DocumentKind.CONTRACT, NAME) is not None, RELEASE_WAIT_S
    )
    producer = Producer(
        {**kafka_config.common(settings.kafka), "enable.idempotence": True, "batch.size": 16_384}
    )
    group = worker_group_id(settings.ledger, NAME)
    consumer = Consumer({**kafka_config.reading(settings.kafka, group), "fetch.wait.max.ms": 10})
    places = [TopicPartition(physical(settings.ledger, FLOWS), shard) for shard in range(desk.card.shards)]
    known = consumer.committed(places, timeout=10.0)
    consumer.assign([TopicPartition(p.topic, p.partition, max(p.offset, 0)) for p in known])
    _send(producer, settings.ledger, desk.hellos())
    stop = stop_on_signals()
    while not stop.is_set():
        for message in consumer.consume(1, 0.2):
            if (error := message.error()) is not None:
                if error.code() != KafkaError._PARTITION_EOF:
                    check_read(error, FLOWS)
                continue
            _send(producer, settings.ledger, answers(as_record(message, FLOWS), desk))
            consumer.commit(message=message, asynchronous=False)
    consumer.close()
    return 0


def _send(producer: Producer, ledger: LedgerName, records: Sequence[Produce]) -> None:
    for record in records:
        producer.produce(physical(ledger, record.topic), record.value, record.key, record.partition)
    left = producer.flush(FLUSH_S)
    if left:
        raise LogError(f"{left} records unanswered after {FLUSH_S:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
