"""One transactional producer: fence, then whole transactions, and no second try after a doubt.

librdkafka 2.16 has no KIP-890, so a transaction whose outcome is unknown must never be followed by another
on the same producer. Only calls that the client itself declares safe to repeat are repeated.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from transport import kafka_config
from transport.kafka_reader import REFUSED
from transport.kill_points import KillPoint, reached
from transport.log import Fenced, LogError, OutcomeUnknown, Produce, Refused
from transport.settings import KafkaSettings

logger = logging.getLogger(__name__)

_FENCED = frozenset(
    {
        KafkaError._FENCED,
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.TRANSACTION_COORDINATOR_FENCED,
    }
)
CONNECT_S = 2.0
_QUEUE_FULL_TRIES = 1_000  # of 10 ms each


class TransactionalProducer:
    """Writes batches atomically under one transactional id."""

    def __init__(self, settings: KafkaSettings, transactional_id: str) -> None:
        self._id, self._timeout_s = transactional_id, settings.transaction_timeout_ms / 1_000
        self._producer = Producer(kafka_config.writing(settings, transactional_id))
        self._failed: KafkaError | None = None

    def init(self) -> None:
        """Fence the predecessors. A broker that is away is waited for, at most INIT_TIMEOUT_S."""
        deadline = time.monotonic() + kafka_config.INIT_TIMEOUT_S
        # With no broker connected yet it would look for its coordinator, and again only after 500 ms.
        with contextlib.suppress(KafkaException):
            self._producer.list_topics(timeout=CONNECT_S)
        while True:
            try:
                self._producer.init_transactions(10.0)
            except KafkaException as failure:
                error = failure.args[0]
                self._check(error, "init_transactions")
                if not error.retriable() or time.monotonic() > deadline:
                    raise LogError(f"{self._id}: init_transactions: {error.str()}") from failure
                logger.info("%s waits for the broker: %s", self._id, error.name())
            else:
                return

    def transact(
        self,
        produces: Sequence[Produce],
        names: Callable[[str], str],
        offsets: list[TopicPartition],
        group: Consumer,
    ) -> None:
        """Begin, produce, send offsets, commit. Raises Fenced, Refused or OutcomeUnknown, each terminal."""
        self._failed = None
        reached(KillPoint.BEFORE_BEGIN)
        try:
            self._producer.begin_transaction()
            reached(KillPoint.BEGUN)
            for one in produces:
                self._produce(names(one.topic), one)
                reached(KillPoint.PRODUCED)
            reached(KillPoint.BEFORE_OFFSETS)
            if offsets:
                self._repeat(
                    "send_offsets_to_transaction",
                    lambda: self._producer.send_offsets_to_transaction(
                        offsets, group.consumer_group_metadata(), 10.0
                    ),
                )
            reached(KillPoint.AFTER_OFFSETS)
            reached(KillPoint.BEFORE_COMMIT)
            self._repeat("commit_transaction", lambda: self._producer.commit_transaction(10.0))
            reached(KillPoint.AFTER_COMMIT)
        except KafkaException as failure:
            error = self._failed or failure.args[0]  # the record's own error says more than the commit's
            self._check(error, "transaction")
            raise OutcomeUnknown(f"{self._id}: {error.name()}: {error.str()}") from failure

    def _produce(self, topic: str, one: Produce) -> None:
        for _ in range(_QUEUE_FULL_TRIES):
            try:
                self._producer.produce(
                    topic,
                    one.value,
                    one.key,
                    one.partition,
                    on_delivery=self._delivered,
                    headers=list(one.headers),
                )
            except BufferError:
                self._producer.poll(0.01)  # the queue is full: give the broker time to take some
            else:
                return
        raise OutcomeUnknown(f"{self._id}: the broker took nothing for {_QUEUE_FULL_TRIES // 100} s")

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _repeat(self, what: str, call: Callable[[], None]) -> None:
        """Repeat while the client calls that safe, at most for the transaction's time-out."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return call()
            except KafkaException as failure:
                error = failure.args[0]
                if not error.retriable() or time.monotonic() > deadline:
                    raise
                logger.info("%s repeats %s: %s", self._id, what, error.name())

    def _check(self, error: KafkaError, what: str) -> None:
        if error.code() in _FENCED:
            raise Fenced(f"{self._id}: a newer process has taken over ({error.name()})")
        if error.code() in REFUSED:
            raise Refused(f"{self._id}: {what}: {error.name()}: {error.str()}")
