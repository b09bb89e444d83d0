"""Watching a ledger from outside: everything its loops read and write, and whether they are at rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from interlock.services.running import Running
from interlock.tally import Tally
from schemas.topics import BY_NAME, LOOPS, partitions
from transport import kafka_config
from transport.card import Card
from transport.kafka_reader import as_record, check_read
from transport.log import Record
from transport.names import LedgerName, group_id, physical
from transport.settings import KafkaSettings

WATCHED = (
    "market.signals", "instructions", "flows.eoam", "flows.sds", "flows.dlpci", "mesh.proposals",
    "evidence.requests", "evidence.attestations", "proposals", "human.decisions", "control", "registry",
    "agents.manifest", "kernel.verdicts", "kernel.intents", "venue.receipts", "accounts.view",
    "kernel.ledger", "quarantine",
)  # fmt: skip

# What each loop reads (its processor's inputs): at rest it has committed past the last data record of each.
READS = {
    "selector": ("registry", "market.signals", "instructions", "accounts.view", "kernel.verdicts"),
    "arbiter": (
        "registry", "flows.eoam", "flows.dlpci", "mesh.proposals", "evidence.requests",
        "evidence.attestations",
    ),
    "kernel": (
        "registry", "control", "agents.manifest", "market.signals", "venue.receipts", "human.decisions",
        "proposals",
    ),
    "executor": ("registry", "kernel.intents"),
}  # fmt: skip
TIMEOUT_S = 10.0
ANSWERS_AGAIN = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)


class Observer:
    """A read_committed view of every topic of a ledger; ``tally`` counts what was seen."""

    def __init__(self, running: Running, card: Card) -> None:
        self._ledger = LedgerName(card.name)
        self.shards: Sequence[int] = range(card.shards)  # whose loops have to come to rest
        password = running.password_file("console").read_text(encoding="ascii").strip()
        self._settings = settings = KafkaSettings(
            bootstrap=running.bootstrap_workers,
            security="SASL_PLAINTEXT",
            principal="console",
            password=password,
        )
        group = physical(self._ledger, "interlock-console-observer")
        self._consumer = Consumer(
            {**kafka_config.reading(settings, group), "fetch.wait.max.ms": 5, "log_level": 2}
        )
        self._admin = AdminClient(kafka_config.common(settings))
        self._base = {physical(self._ledger, base): base for base in WATCHED}
        self._places = [
            TopicPartition(physical(self._ledger, base), number, 0)
            for base in WATCHED
            for number in range(partitions(BY_NAME[base], card.shards))
        ]
        self._consumer.assign(self._places)
        self._data_end: dict[tuple[str, int], int] = {}  # one past the last data record seen
        self._reached: dict[tuple[str, int], int] = {}  # how far seen, markers included
        self.tally = Tally()

    def poll(self, timeout_s: float, taken: Callable[[Record], None] | None = None) -> int:
        """Take what is there, waiting at most ``timeout_s`` for the first record; how many there were."""
        count = 0
        messages = self._consumer.consume(500, 0) or self._consumer.consume(1, timeout_s)
        for message in messages:
            base = self._base[message.topic()]
            where = (base, message.partition())
            if (error := message.error()) is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    self._reached[where] = max(self._reached.get(where, 0), message.offset())
                else:
                    check_read(error, f"{base}[{message.partition()}]")
                continue
            record = as_record(message, base)
            self._data_end[where] = self._reached[where] = record.offset + 1
            self.tally.take(record)
            count += 1
            if taken is not None:
                taken(record)
        return count

    def at_rest(self) -> bool:
        """Whether every loop has read all of its inputs, no flow is open, and nothing was written since.

        Sound because the ends are asked before and after the loops' positions: with the same ends on both
        sides, nobody has anything left to act on but the clock. The ends are those of uncommitted records: a
        transaction's offsets may be visible before its records are, but the records are written before both.
        """
        try:
            return self._at_rest()
        except KafkaException as failure:
            code = failure.args[0].code()
            if code not in ANSWERS_AGAIN:
                raise
            # A broker has come back: the old client would go on asking under what it knew before.
            self._admin = AdminClient(kafka_config.common(self._settings))
            return False

    def _at_rest(self) -> bool:
        before = self._ends()
        while self._behind(before):
            if self.poll(0.002) == 0 and self._behind(before):
                return False
        if self.tally.open or not self._loops_have_read():
            return False
        return self._ends() == before

    def _behind(self, ends: dict[tuple[str, int], int]) -> bool:
        return any(self._reached.get(where, 0) < end for where, end in ends.items())

    def _ends(self) -> dict[tuple[str, int], int]:
        asked = {TopicPartition(each.topic, each.partition): OffsetSpec.latest() for each in self._places}
        answers = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=TIMEOUT_S
        )
        return {
            (self._base[place.topic], place.partition): answer.result(TIMEOUT_S).offset
            for place, answer in answers.items()
        }

    def _loops_have_read(self) -> bool:
        for shard in self.shards:
            asked = []
            for loop in LOOPS:
                request = [ConsumerGroupTopicPartitions(group_id(self._ledger, loop, shard))]
                asked.append((loop, self._admin.list_consumer_group_offsets(request)))
            for loop, answer in asked:
                (future,) = answer.values()
                read = {
                    (self._base[place.topic], place.partition): place.offset
                    for place in future.result(TIMEOUT_S).topic_partitions
                    if place.topic in self._base
                }
                if not all(read.get(where, 0) >= end for where, end in self._inputs_of(loop, shard)):
                    return False
        return True

    def _inputs_of(self, loop: str, shard: int) -> Iterable[tuple[tuple[str, int], int]]:
        for base in READS[loop]:
            where = (base, shard if BY_NAME[base].sharded else 0)
            if where in self._data_end:
                yield where, self._data_end[where]

    def wait_for_rest(self, limit_s: float, each: Callable[[], None] = lambda: None) -> None:
        """Poll until at rest. Raises TimeoutError naming the flows that are open after ``limit_s``."""
        deadline = time.monotonic() + limit_s
        while not self.at_rest():
            each()
            self.poll(0.01)
            if time.monotonic() > deadline:
                flows = ", ".join(
                    f"{dfid.hex()} ({lane})" for dfid, lane in list(self.tally.open.items())[:5]
                )
                raise TimeoutError(f"not at rest after {limit_s:.0f} s; open flows: {flows or 'none'}")

    def close(self) -> None:
        """Let go of the consumer."""
        self._consumer.close()
