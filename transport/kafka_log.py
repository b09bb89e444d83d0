"""The `Log` port on Kafka, for one processor of one shard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from confluent_kafka import Consumer, KafkaError, TopicPartition

from transport import kafka_config
from transport.kafka_producer import TransactionalProducer
from transport.kafka_reader import Clients, KafkaTail, as_record, check_read, clients_of, learn
from transport.log import Position, Positions, Produce, Record
from transport.names import LedgerName, group_id, physical, transactional_id
from transport.settings import KafkaSettings

STATS_MS = 2_000  # how often the client says which brokers it is connected to


def connected(stats: str) -> bool:
    """Whether librdkafka's statistics (JSON) name a broker, other than a bootstrap address, that is up."""
    brokers = json.loads(stats)["brokers"].values()
    return any(broker["nodeid"] >= 0 and broker["state"] == "UP" for broker in brokers)


class KafkaLog:
    """Implements `transport.log.Log`. One consumer with assigned partitions, one transactional producer.

    heard: told by the client, now and then while it is polled, whether any broker is connected.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        ledger: LedgerName,
        processor: str,
        shard: int,
        *,
        heard: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._settings, self._ledger = settings, ledger
        self._group = group_id(ledger, processor, shard)
        self._producer = TransactionalProducer(settings, transactional_id(ledger, processor, shard))
        said = {"stats_cb": lambda stats: heard(connected(stats)), "statistics.interval.ms": STATS_MS}
        self._consumer = Consumer({**kafka_config.reading(settings, self._group), **said})
        self._bases: dict[str, str] = {}
        self._read_to: dict[Position, int] = {}  # markers included, once the end was seen
        self._paused: frozenset[Position] = frozenset()
        self._idle: list[Clients] = []

    def init(self) -> None:
        """Fence every predecessor; waits for a broker that is away."""
        self._producer.init()

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        """The last value of every key, tombstones removed; records without a key are no state."""
        state: dict[bytes, bytes] = {}
        for record in self.records(topic, partition, 0):
            if record.key is None:
                continue
            if record.value is None:
                state.pop(record.key, None)
            else:
                state[record.key] = record.value
        return state

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        """Committed records from `start` to the present end."""
        clients = self._idle.pop() if self._idle else clients_of(self._settings, self._group, once=True)
        tail = KafkaTail(self._settings, self._ledger, self._group, topic, partition, start, clients)
        try:
            yield from tail.read()
        finally:
            clients[0].unassign()
            self._idle.append(clients)

    def assign(self, positions: Positions) -> None:
        """Read from here. A partition that has lost its position is found at the first `poll`."""
        self._release()
        self._bases = {physical(self._ledger, topic): topic for topic, _ in positions}
        self._read_to = dict(positions)
        learn(self._consumer, sorted(self._bases))
        self._consumer.assign([self._at(at, offset) for at, offset in sorted(positions.items())])

    def poll(self, limit: int, wait_ms: int, full: AbstractSet[Position]) -> list[Record]:
        """`consume(n, t)` waits all of t even when records are ready, so only the first one is waited for."""
        self._pause(frozenset(full))
        messages = self._consumer.consume(limit, 0)
        if not messages and wait_ms > 0:
            first = self._consumer.poll(wait_ms / 1_000)
            if first is not None:
                messages = [first, *self._consumer.consume(limit - 1, 0)] if limit > 1 else [first]
        records: list[Record] = []
        for message in messages:
            error = message.error()
            if error is None:
                record = as_record(message, self._bases[message.topic()])
                records.append(record)
                self._read_to[record.topic, record.partition] = record.offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                self._read_to[self._bases[message.topic()], message.partition()] = message.offset()
            else:
                check_read(error, f"{message.topic()}[{message.partition()}]")
        return records

    def transact(self, produces: Sequence[Produce], positions: Positions) -> None:
        """One transaction; its failure is terminal for this process."""
        offsets = [self._at(at, offset) for at, offset in sorted(positions.items())]
        self._producer.transact(produces, lambda base: physical(self._ledger, base), offsets, self._consumer)

    def behind(self) -> frozenset[Position]:
        """Partitions whose last fetched end lies beyond what was read, or that were never fetched."""
        return frozenset(at for at, offset in self._read_to.items() if not 0 <= self._end(at) <= offset)

    def close(self) -> None:
        """Leave an open transaction to the successor's `init`."""
        self._release()
        self._consumer.close()

    def _release(self) -> None:
        """Let go of the clients that read at the start: connecting one for each topic cost most of it."""
        while self._idle:
            for client in self._idle.pop():
                client.close()

    def _end(self, at: Position) -> int:
        _, high = self._consumer.get_watermark_offsets(self._at(at), cached=True)
        return int(high)

    def _at(self, at: Position, offset: int = 0) -> TopicPartition:
        return TopicPartition(physical(self._ledger, at[0]), at[1], offset)

    def _pause(self, full: frozenset[Position]) -> None:
        if full == self._paused:
            return
        if stopped := sorted(full - self._paused):
            self._consumer.pause([self._at(at) for at in stopped])
        if going := sorted(self._paused - full):
            self._consumer.resume([self._at(at) for at in going])
        self._paused = full
