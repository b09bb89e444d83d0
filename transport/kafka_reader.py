"""Reading a Kafka partition to its present end, committed records only.

The end is where the broker says it is when the call starts; a PARTITION_EOF at or after it ends the
reading, since after every transaction the last offset is a marker that no consumer is ever given.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from transport import kafka_config
from transport.log import LogError, PositionLost, Record, Refused
from transport.names import LedgerName, physical
from transport.settings import KafkaSettings

READ_TIMEOUT_S = 60  # without any progress: a broker that is away so long is the supervisor's business
_CHUNK = 1_000
Clients = tuple[Consumer, Consumer]
UNREADABLE_HEADERS = "interlock.headers-unreadable"

LOST = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})
UNKNOWN = frozenset({KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION})  # said by the client itself
MISSING_PAUSE_S = 0.05  # between two questions, when the client does not yet know what its broker knows
REFUSED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_TRANSACTION_TIMEOUT,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)


def as_record(message: Message, base: str) -> Record:
    """A message under its topic's base name."""
    return Record(
        topic=base,
        partition=message.partition(),
        offset=message.offset(),
        key=message.key(),
        value=message.value(),
        headers=_headers(message),
        timestamp_ms=message.timestamp()[1],
    )


def _headers(message: Message) -> tuple[tuple[str, bytes], ...]:
    """The headers, asked for once: the client fails on a name that is no UTF-8, and anyone may write one.

    Headers decide nothing here, so the record goes on, with the word that some could not be read.
    """
    try:
        return tuple((name, value or b"") for name, value in message.headers() or ())
    except (SystemError, UnicodeDecodeError):
        return ((UNREADABLE_HEADERS, b""),)


def check_read(error: KafkaError, where: str) -> None:
    """Raise what cannot heal; what can is retried by librdkafka itself."""
    if error.code() in LOST:
        raise PositionLost(f"{where}: {error.str()}")
    if error.fatal() or error.code() in REFUSED:
        raise Refused(f"{where}: {error.name()} {error.str()}")


def clients_of(settings: KafkaSettings, group: str, *, once: bool = False) -> Clients:
    """A consumer that reads, and one that only asks.

    That one is never assigned, so never fetching: a broker answers a connection one request at a time, and
    behind a waiting fetch the question for the end would take as long as the fetch waits (measured: 100 ms).
    once: to read a lot to its end and go; who stays must not ask an idle broker all the time.
    """
    config = kafka_config.reading(settings, group) | {"log_level": 2}  # what goes wrong is raised
    return Consumer(config | (kafka_config.BULK if once else {})), Consumer(config)


def learn(consumer: Consumer, topics: Iterable[str]) -> None:
    """Let a client ask where topics are before they are assigned: by itself it looks once a second only.

    Measured: up to a second before the first record of each. A broker that is away is found out by reading.
    """
    try:
        for topic in topics:
            consumer.list_topics(topic, timeout=5.0)
    except KafkaException:
        return


class KafkaTail:
    """One partition, read on demand from a first offset to what is its end at that moment."""

    def __init__(
        self,
        settings: KafkaSettings,
        ledger: LedgerName,
        group: str,
        topic: str,
        partition: int,
        start: int = 0,
        clients: Clients | None = None,
    ) -> None:
        """clients: of somebody who reads more than this, and closes them himself."""
        self._topic, self._partition = topic, partition
        self._where = f"{physical(ledger, topic)}[{partition}]"
        self._next = start
        self._seen_end = -1
        self._consumer, self._asking = clients or clients_of(settings, group)
        self._at = TopicPartition(physical(ledger, topic), partition)
        low, _ = self._bounds()
        self._next = max(start, low)
        learn(self._consumer, [self._at.topic])
        self._consumer.assign([TopicPartition(self._at.topic, partition, self._next)])

    def fresh(self) -> list[Record]:
        """Every committed record since the last call, to the end as it is now."""
        return list(self.read())

    def read(self) -> Iterator[Record]:
        """As `fresh`, one after the other. Raises LogError if the broker stays away."""
        _, end = self._bounds()
        deadline = time.monotonic() + READ_TIMEOUT_S
        while self._next < end and self._seen_end < end:
            for message in self._consumer.consume(_CHUNK, 0) or self._consumer.consume(1, 0.1):
                deadline = time.monotonic() + READ_TIMEOUT_S
                error = message.error()
                if error is None:
                    self._next = message.offset() + 1
                    yield as_record(message, self._topic)
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._seen_end = message.offset()
                else:
                    check_read(error, self._where)
            if time.monotonic() > deadline:
                raise LogError(f"{self._where}: no answer for {READ_TIMEOUT_S} s at {self._next} of {end}")

    def skip(self, back: int = 0) -> None:
        """Pass by everything that stands there now, but for the last ``back`` offsets."""
        low, end = self._bounds()
        self._next = max(low, end - back)
        self._consumer.assign([TopicPartition(self._at.topic, self._partition, self._next)])

    def close(self) -> None:
        """Let go of both consumers."""
        self._consumer.close()
        self._asking.close()

    def _bounds(self) -> tuple[int, int]:
        deadline = time.monotonic() + READ_TIMEOUT_S
        while True:
            try:
                low, high = self._asking.get_watermark_offsets(self._at, timeout=5.0, cached=False)
            except KafkaException as failure:
                error = failure.args[0]
                if error.code() not in UNKNOWN or self._is_missing():
                    check_read(error, self._where)
                if time.monotonic() > deadline:
                    raise LogError(f"{self._where}: {error.str()}") from failure
            else:
                return low, high

    def _is_missing(self) -> bool:
        """Whether a broker says that the partition is not there.

        A client that has just lost its broker says so by itself, of partitions that are.
        """
        try:
            told = self._asking.list_topics(self._at.topic, timeout=5.0).topics[self._at.topic]
        except KafkaException:
            return False
        time.sleep(MISSING_PAUSE_S)
        return told.error is not None or self._partition not in told.partitions
