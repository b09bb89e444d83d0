"""Publishes a plan: the tick first, flushed, then a group, then rest; or free-running at a speed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from interlock.feed.plan import Item, Send
from ledger.hashes import shard_of
from schemas.models import ClockTick
from schemas.topics import BY_NAME
from schemas.wire import SchemaIds
from transport import kafka_config
from transport.card import Card
from transport.names import CLOCK, LedgerName, physical
from transport.settings import KafkaSettings

FLUSH_S = 30.0


class FeedFailed(RuntimeError):
    """The broker did not take a record it should have; the text names which."""


@dataclass(slots=True)
class Fed:
    """What went out: groups, records by topic, faults by name, and what the broker itself refused."""

    groups: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Feeder:
    """A plain idempotent producer as principal ``feeder``; the clock is written by it alone."""

    def __init__(
        self, settings: KafkaSettings, card: Card, ids: SchemaIds, *, flush_s: float = FLUSH_S
    ) -> None:
        """flush_s: how long a broker may stay away before the feed fails."""
        self._flush_s = flush_s
        self._card, self._ids = card, ids
        self._ledger = LedgerName(card.name)
        self._now = 0
        self.fed = Fed()
        # Ten times the topics' limits: the broker has to be the one that refuses an over-size record.
        self._producer = Producer(
            kafka_config.common(settings)
            | {
                "enable.idempotence": True,
                "linger.ms": 0,
                "batch.size": 16_384,  # a topic's size limit holds for a whole batch
                "message.max.bytes": 4_194_304,
            }
        )

    @property
    def now(self) -> int:
        """The tape's time as last published, micros UTC; 0 before the first tick."""
        return self._now

    def tick(self, now: int) -> None:
        """Let the tape time be ``now``; returns when the broker has it."""
        if now > self._now:
            value = self._ids.pack(ClockTick(ledger=self._card.ledger, now=now))
            self._write(Send(topic=CLOCK, key=self._card.ledger, value=value))
            self._flush()
            self._now = now

    def publish(self, item: Item) -> None:
        """Send one group, its tick before it; returns when the broker has it or refused it."""
        self.tick(item.at)
        for send in item.sends:
            self._write(send)
            if send.fault:
                self.fed.faults[send.fault] += 1
        self._flush()
        self.fed.groups += 1

    def _write(self, send: Send) -> None:
        shards = self._card.shards
        partition = shard_of(send.account, shards) if BY_NAME[send.topic].sharded else 0
        answered = self._answer(send)
        try:
            self._producer.produce(
                physical(self._ledger, send.topic), send.value, send.key, partition, on_delivery=answered
            )
        except KafkaException as error:
            answered(error.args[0], None)

    def _answer(self, send: Send) -> Callable[[KafkaError | None, Message | None], None]:
        def answered(error: KafkaError | None, _: Message | None) -> None:
            if error is None:
                self.fed.sent[send.topic] += 1
            elif send.fault:
                self.fed.refused[f"{send.fault}: {error.name()}"] += 1
            else:
                raise FeedFailed(f"{send.topic}: {error.str()}")

        return answered

    def _flush(self) -> None:
        if self._producer.flush(self._flush_s):
            raise FeedFailed(f"the broker did not answer for {self._flush_s:.0f} s")


def lock_step(
    feeder: Feeder, plan: Iterable[Item], rest: Callable[[], None], each: Callable[[Item], None]
) -> None:
    """Publish every item only when everything before it has come to rest; a last tick lets deadlines pass."""
    last = 0
    for item in plan:
        if item.at > last:
            # The tick alone is an event too: deadlines and expiries fall on it, before the group of its time.
            feeder.tick(item.at)
            rest()
        feeder.publish(item)
        each(item)
        rest()
        last = item.at


def free_running(feeder: Feeder, plan: Iterable[Item], speed: float, each: Callable[[Item], None]) -> None:
    """Publish at ``speed`` times the tape's own pace, waiting for nobody."""
    started, first = time.monotonic(), None
    for item in plan:
        first = item.at if first is None else first
        due = started + (item.at - first) / 1_000_000 / speed
        time.sleep(max(0.0, due - time.monotonic()))
        feeder.publish(item)
        each(item)
