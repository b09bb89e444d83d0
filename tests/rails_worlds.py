"""Two worlds with one face: a simulated broker and a real one, for the contract that holds in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from tests.brokers import make_topics, new_ledger
from transport import kafka_config
from transport.kafka_log import KafkaLog
from transport.log import Log, Position, Produce, Record
from transport.names import group_id, physical
from transport.settings import KafkaSettings
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

TOPICS = {"market.signals": 2, "out": 1, "copy.state": 1, "small": 1}
BYTES_MAX = {"small": 1_000}


class Foreign(Protocol):
    """Another transactional writer."""

    def begin(self) -> None: ...
    def produce(self, topic: str, value: bytes) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...


class World(Protocol):
    """Where a log lives."""

    def log(self) -> Log:
        """A new process's log of processor `copy`, shard 0."""
        ...

    def append(
        self, topic: str, value: bytes | None, key: bytes | None = b"k", partition: int = 0
    ) -> None: ...
    def foreign(self) -> Foreign: ...
    def group_offset(self, at: Position) -> int | None: ...

    def uncommitted(self, topic: str) -> list[bytes | None]:
        """What a reader without isolation sees of a topic's first partition."""
        ...


class SimulatedWorld:
    def __init__(self, *, late: bool = False) -> None:
        self.broker = SimulatedBroker(TOPICS, bytes_max=BYTES_MAX, late=late)

    def log(self) -> SimulatedLog:
        return SimulatedLog(self.broker, "copy", 0)

    def append(self, topic: str, value: bytes | None, key: bytes | None = b"k", partition: int = 0) -> None:
        self.broker.append(topic, partition, key, value)

    def foreign(self) -> Foreign:
        return _SimulatedForeign(self.broker)

    def group_offset(self, at: Position) -> int | None:
        return self.broker.group_offset("interlock-copy-0", at)

    def uncommitted(self, topic: str) -> list[bytes | None]:
        records, _ = self.broker.read((topic, 0), 0, 1_000, committed=False)
        return [record.value for record in records]


class Late(SimulatedWorld):
    """Markers come some time after the commit, one partition at a time, as on a busy broker."""

    def __init__(self) -> None:
        super().__init__(late=True)

    def log(self) -> SimulatedLog:
        return _LateLog(self.broker, "copy", 0, idle=lambda _: self.settled(1))

    def settled(self, count: int) -> None:
        for name, at in self.broker.unsettled()[:count]:
            self.broker.settle(name, at)


class _LateLog(SimulatedLog):
    """Reading to an end takes a while, and markers arrive meanwhile; a poll is quicker than they are."""

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        for name, at in self._broker.unsettled():
            self._broker.settle(name, at)
        return super().records(topic, partition, start)


class _SimulatedForeign:
    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker, self._epoch = broker, broker.fence("foreign")

    def begin(self) -> None:
        self._broker.begin("foreign", self._epoch)

    def produce(self, topic: str, value: bytes) -> None:
        one = Produce(topic=topic, partition=0, key=b"k", value=value)
        self._broker.produce("foreign", self._epoch, one)

    def commit(self) -> None:
        self._broker.commit("foreign", self._epoch, "foreign", {})

    def abort(self) -> None:
        self._broker.abort("foreign", self._epoch)


class KafkaWorld:
    def __init__(self, settings: KafkaSettings) -> None:
        self.settings, self.ledger = settings, new_ledger()
        make_topics(settings, self.ledger, TOPICS, BYTES_MAX)
        self._producer = Producer({**kafka_config.common(settings), "acks": "all"})

    def log(self) -> KafkaLog:
        return KafkaLog(self.settings, self.ledger, "copy", 0)

    def append(self, topic: str, value: bytes | None, key: bytes | None = b"k", partition: int = 0) -> None:
        self._producer.produce(physical(self.ledger, topic), value, key, partition)
        assert self._producer.flush(20) == 0

    def foreign(self) -> Foreign:
        return _KafkaForeign(self)

    def group_offset(self, at: Position) -> int | None:
        config = kafka_config.reading(self.settings, group_id(self.ledger, "copy", 0))
        asker = Consumer({**config, "isolation.level": "read_uncommitted"})  # else it waits out open commits
        (answer,) = asker.committed([TopicPartition(physical(self.ledger, at[0]), at[1])], 10)
        asker.close()
        return answer.offset if answer.offset >= 0 else None

    def uncommitted(self, topic: str) -> list[bytes | None]:
        config = kafka_config.reading(self.settings, group_id(self.ledger, "copy", 0))
        reader = Consumer({**config, "isolation.level": "read_uncommitted"})
        reader.assign([TopicPartition(physical(self.ledger, topic), 0, 0)])
        values: list[bytes | None] = []
        while (message := reader.poll(10)) is not None:
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF, error
                break
            values.append(message.value())
        reader.close()
        return values


class _KafkaForeign:
    def __init__(self, world: KafkaWorld) -> None:
        self._ledger = world.ledger
        self._producer = Producer(kafka_config.writing(world.settings, f"foreign-{world.ledger}"))
        self._producer.init_transactions(20)
        self.begin = self._producer.begin_transaction
        self.commit = self._producer.commit_transaction
        self.abort = self._producer.abort_transaction

    def produce(self, topic: str, value: bytes) -> None:
        self._producer.produce(physical(self._ledger, topic), value, b"k", 0)
        assert self._producer.flush(20) == 0
