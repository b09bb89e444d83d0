"""The wall, cell by cell: what the topic table allows each principal works, all else the broker refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from interlock.services import local, topics
from interlock.services.principals import ANONYMOUS, PRINCIPALS, SUPER
from interlock.services.running import Running
from schemas.topics import ANYONE, BY_NAME, LOOPS, TOPICS
from transport.names import LIVE, ledger_name, physical, transactional_id

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]
LEDGERS = (LIVE, ledger_name("cells"))
WHO = (*(each for each in PRINCIPALS if each not in SUPER), ANONYMOUS)
NAMES = {physical(ledger, topic.name): topic for ledger in LEDGERS for topic in TOPICS}
ANSWER_S = 30.0
QUIET_S = 3.0  # a consumer that was given nothing new for so long will be given nothing more
# Nobody but the admin may change what the wall stands on.
REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
}
Cells = dict[str, int | None]  # what was tried: the broker's error code, None where it worked


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("wall") / "state"
    running = local.ensure(root)
    for ledger in LEDGERS:
        topics.ensure_ledger(running, ledger)
    yield running
    local.down(root)


def client(running: Running, who: str) -> dict[str, Any]:
    """How a principal comes in; anonymous has no password, and another door."""
    config = {"bootstrap.servers": running.bootstrap_open} if who == ANONYMOUS else running.client(who)
    return {**config, "log_level": 0, "topic.metadata.propagation.max.ms": 0}


def each_principal(running: Running, tried: Callable[[Running, str], Cells]) -> dict[str, Cells]:
    with ThreadPoolExecutor(6) as pool:
        return dict(zip(WHO, pool.map(lambda who: tried(running, who), WHO), strict=True))


def written(running: Running, who: str) -> Cells:
    """One record to every topic."""
    found: Cells = {}

    def told(error: KafkaError | None, message: Message) -> None:
        found[message.topic()] = None if error is None else error.code()

    producer = Producer({**client(running, who), "message.timeout.ms": 20_000, "acks": "all"})
    for name in NAMES:
        producer.produce(name, b"x", b"k", 0, on_delivery=told)
    producer.flush(ANSWER_S)
    return found


def read(running: Running, who: str) -> Cells:
    """The first record, or the end, of every topic; of those that gave neither, what the broker says."""
    found: Cells = {}
    config = {"group.id": "people-x", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = Consumer({**client(running, who), **config})
    consumer.assign([TopicPartition(name, 0, 0) for name in NAMES])
    quiet = time.monotonic() + QUIET_S
    while len(found) < len(NAMES) and time.monotonic() < quiet:
        for message in consumer.consume(200, 0.2):
            error = message.error()
            good = error is None or error.code() == KafkaError._PARTITION_EOF
            if message.topic() not in found:
                quiet = time.monotonic() + QUIET_S
            found[message.topic()] = None if good else error.code()
    for name in NAMES.keys() - found.keys():
        error = consumer.list_topics(name, timeout=10).topics[name].error
        found[name] = None if error is None else error.code()
    consumer.close()
    return found


def code_of(future: Future[Any]) -> int | None:
    try:
        future.result(ANSWER_S)
    except KafkaException as refused:
        return int(refused.args[0].code())
    return None


def committed(running: Running, who: str) -> Cells:
    """A position in the name of every principal's group."""
    admin, found = AdminClient(client(running, who)), {}
    for ledger in LEDGERS:
        for owner in WHO:
            group = physical(ledger, f"interlock-{owner}-0")
            place = TopicPartition("market.signals", 0, 0)
            asked = ConsumerGroupTopicPartitions(group, [place])
            (future,) = admin.alter_consumer_group_offsets([asked]).values()
            (answer,) = future.result(ANSWER_S).topic_partitions
            found[group] = None if answer.error is None else answer.error.code()
    return found


def transacted(running: Running, who: str) -> Cells:
    """The transactional id of every loop of both ledgers, and one of nobody's."""
    found: Cells = {}
    for name in (*(transactional_id(ledger, loop, 0) for ledger in LEDGERS for loop in LOOPS), "mine"):
        try:
            Producer({**client(running, who), "transactional.id": name}).init_transactions(20)
        except KafkaException as refused:
            found[name] = refused.args[0].code()
        else:
            found[name] = None
    return found


def governed(running: Running, who: str) -> Cells:
    """What would move the wall itself, or the records behind it."""
    admin = AdminClient(client(running, who))
    topic, literal, allow = ResourceType.TOPIC, ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    hole = AclBinding(topic, "kernel.ledger", literal, f"User:{who}", "*", AclOperation.WRITE, allow)
    short = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    config = ConfigResource(topic, "kernel.ledger", incremental_configs=[short])
    asked: Mapping[str, Mapping[Any, Future[Any]]] = {
        "create": admin.create_topics([NewTopic(f"own-{who}", 1, 1)]),
        "delete": admin.delete_topics(["kernel.ledger"]),
        "forget": admin.delete_records([TopicPartition("kernel.ledger", 0, 1)]),
        "configure": admin.incremental_alter_configs([config]),
        "allow": admin.create_acls([hole]),
    }
    return {name: code_of(next(iter(futures.values()))) for name, futures in asked.items()}


def test_each_principal_writes_its_topics_and_no_other(wall: Running) -> None:
    refused = KafkaError.TOPIC_AUTHORIZATION_FAILED
    table = {
        who: {name: None if who in topic.writers else refused for name, topic in NAMES.items()} for who in WHO
    }
    assert each_principal(wall, written) == table
    assert sum(code is None for cells in table.values() for code in cells.values()) > 50


def test_each_principal_reads_what_is_open_and_its_own_state(wall: Running) -> None:
    refused = KafkaError.TOPIC_AUTHORIZATION_FAILED
    table = {
        who: {
            name: None if topic.readers == ANYONE or who in topic.readers else refused
            for name, topic in NAMES.items()
        }
        for who in WHO
    }
    found = each_principal(wall, read)
    assert found == table
    assert BY_NAME["kernel.state"].readers == ("kernel", "console")


def test_a_group_belongs_to_its_principal_alone(wall: Running) -> None:
    refused = KafkaError.GROUP_AUTHORIZATION_FAILED
    groups = {physical(ledger, f"interlock-{owner}-0"): owner for ledger in LEDGERS for owner in WHO}
    table = {
        who: {group: None if who == owner != ANONYMOUS else refused for group, owner in groups.items()}
        for who in WHO
    }
    assert each_principal(wall, committed) == table


def test_a_transactional_id_belongs_to_its_loop_alone(wall: Running) -> None:
    refused = KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    ids = {transactional_id(ledger, loop, 0): loop for ledger in LEDGERS for loop in LOOPS} | {"mine": ""}
    table = {who: {name: None if who == loop else refused for name, loop in ids.items()} for who in WHO}
    assert each_principal(wall, transacted) == table


def test_nobody_moves_the_wall(wall: Running) -> None:
    found = each_principal(wall, governed)
    assert {code for cells in found.values() for code in cells.values()} <= REFUSED
    assert {len(cells) for cells in found.values()} == {5}
