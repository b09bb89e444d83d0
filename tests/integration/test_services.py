"""Local services, for real: found again, ended whole, walled off, and examined."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from interlock.genesis import draw
from interlock.grants import LOOP_ROLES
from interlock.services import access, detached, kafka, local, topics
from interlock.services.doctor import examine
from interlock.services.faults import ServicesError
from interlock.services.finding import Level, is_healthy
from interlock.services.principals import add_user
from interlock.services.running import Running, find
from interlock.services.state import State
from interlock.services.supervisor import wait_until
from schemas.topics import BY_NAME, THINKERS, TOPICS
from transport.card import key_path
from transport.names import LIVE, ledger_name, physical, transactional_id

pytestmark = pytest.mark.broker
LEDGER = ledger_name("wall")
SIGNERS = (*LOOP_ROLES, *THINKERS, "root", "registry", "witness")
SCHEMA = '{"type":"record","name":"Probe","fields":[{"name":"a","type":"int"%s}%s]}'


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("services") / "state"
    running = local.ensure(root)
    topics.ensure_ledger(running, LEDGER)
    draw(running.root, LEDGER, "TAPE", 1, SIGNERS)
    yield running
    local.down(root)


def produced(config: Mapping[str, object], topic: str, value: bytes = b"x") -> KafkaError | None:
    """Write one record; what the broker said."""
    answers: list[KafkaError | None] = []
    producer = Producer(
        {**config, "message.timeout.ms": 10_000, "log_level": 2, "message.max.bytes": 4_000_000}
    )

    def told(error: KafkaError | None, _: Message) -> None:
        answers.append(error)

    producer.produce(physical(LEDGER, topic), value, on_delivery=told)
    producer.flush(15)
    (answer,) = answers
    return answer


def code(error: KafkaError | None) -> int | None:
    return None if error is None else int(error.code())


def test_a_second_up_finds_what_runs_and_starts_nothing(services: Running) -> None:
    pids = [detached.running(path) for path in services.pid_files()]
    assert local.ensure(services.root) == services
    assert find(services.root) == services
    assert [detached.running(path) for path in services.pid_files()] == pids


def test_the_environment_file_can_be_sourced(services: Running) -> None:
    script = '. "$0"; echo "$INTERLOCK_BOOTSTRAP $INTERLOCK_WORKERS $INTERLOCK_REGISTRY $INTERLOCK_STATE"'
    told = subprocess.run(
        ["/bin/sh", "-c", script, str(services.state.env)], capture_output=True, text=True, check=True
    ).stdout
    addresses = [services.bootstrap_open, services.bootstrap_workers, services.registry_url]
    assert told.split() == [*addresses, str(services.root)]


def test_secrets_are_closed_to_other_users(services: Running) -> None:
    state = services.state
    private = [*state.secrets.iterdir(), *state.run.glob("*.properties"), state.env]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (state.secrets, state.run)} == {0o700}
    assert not list(state.run.glob("*.arguments"))


def test_everything_listens_on_loopback_only(services: Running) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("sockets are listed in /proc on Linux only")
    inodes = {
        os.readlink(link)
        for path in services.pid_files()
        for link in Path(f"/proc/{detached.running(path)}/fd").iterdir()
        if link.is_symlink() and os.path.lexists(link) and os.readlink(link).startswith("socket:")
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
    ]
    listening = {
        row[1].rsplit(":", 1)[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes
    }
    assert listening
    assert listening <= {"0100007F", "0000000000000000FFFF00000100007F"}


def test_topics_are_made_as_the_table_says_and_the_doctor_agrees(services: Running) -> None:
    topics.ensure_ledger(services, LEDGER)  # a second time changes nothing
    assert access.grants(LEDGER) <= topics.present_grants(services)
    findings = examine(services.root, LEDGER)
    assert [one for one in findings if one.level is not Level.OK and one.about != "gates"] == []
    assert is_healthy(findings)


def test_the_doctor_names_a_ledger_that_never_was_and_a_key_that_is_gone(services: Running) -> None:
    never = {one.about: one for one in examine(services.root, ledger_name("never")) if one.fix}
    assert never["ledger"].level is Level.FAULT
    key = key_path(services.root, LEDGER, "risk")
    kept = key.read_bytes()
    key.unlink()
    faults = [one for one in examine(services.root, LEDGER) if one.level is Level.FAULT]
    key.write_bytes(kept)
    key.chmod(0o600)
    assert [(one.about, "risk.key" in one.what) for one in faults] == [("keys", True)]


def test_the_doctor_names_a_topic_that_is_gone_and_a_hole_in_the_wall(services: Running) -> None:
    broken = ledger_name("broken")
    topics.ensure_ledger(services, broken)
    draw(services.root, broken, "TAPE", 1, SIGNERS)
    admin = AdminClient(services.admin())
    for answer in admin.delete_topics([physical(broken, "escalations")]).values():
        answer.result(timeout=10)
    hole = access.member("strategy", broken, writes=("kernel.ledger",))
    topics.allow(services, hole)
    faults = [one for one in examine(services.root, broken) if one.level is Level.FAULT]
    assert [one.about for one in faults] == ["topics", "acls"]
    assert "broken.escalations" in faults[0].what
    assert "User:strategy may write broken.kernel.ledger" in faults[1].what
    assert all(one.fix for one in faults)
    topics.drop_ledger(services, broken)


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS if topic.name != "market.signals"])
def test_anonymous_writes_market_signals_and_nothing_else(services: Running, topic: str) -> None:
    refused = produced({"bootstrap.servers": services.bootstrap_open}, topic)
    assert code(refused) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_anonymous_may_write_market_signals(services: Running) -> None:
    assert produced({"bootstrap.servers": services.bootstrap_open}, "market.signals") is None


@pytest.mark.parametrize("principal", ["strategy", "selector", "console", "executor"])
def test_only_the_kernel_writes_the_ledger_topic(services: Running, principal: str) -> None:
    refused = produced(services.client(principal), "kernel.ledger")
    assert code(refused) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert produced(services.client("kernel"), "kernel.ledger") is None


def test_a_value_over_its_topics_limit_is_refused_by_the_broker(services: Running) -> None:
    config = {"bootstrap.servers": services.bootstrap_open}
    limit = BY_NAME["market.signals"].bytes_max
    assert produced(config, "market.signals", b"x" * limit) is None
    refused = produced(config, "market.signals", b"x" * (limit + topics.FRAMING_BYTES))
    assert code(refused) == KafkaError.MSG_SIZE_TOO_LARGE


def test_an_agent_cannot_use_the_kernels_transactional_id(services: Running) -> None:
    name = transactional_id(LEDGER, "kernel", 0)
    with pytest.raises(KafkaException) as refused:
        Producer({**services.client("strategy"), "transactional.id": name, "log_level": 2}).init_transactions(
            10
        )
    error = refused.value.args[0]
    assert (error.code(), error.fatal()) == (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, True)
    Producer({**services.client("kernel"), "transactional.id": name}).init_transactions(10)


def test_a_wrong_password_is_no_principal(services: Running) -> None:
    config = {**services.client("kernel"), "sasl.password": "guessed", "log_level": 2}
    errors: list[int] = []
    consumer = Consumer({**config, "group.id": "x", "error_cb": lambda error: errors.append(error.code())})
    with pytest.raises(KafkaException):
        consumer.list_topics(timeout=2)
    consumer.close()
    assert KafkaError._AUTHENTICATION in errors


def test_a_group_belongs_to_its_principal(services: Running) -> None:
    def read(principal: str, group: str) -> KafkaError | None:
        settings = {**services.client(principal), "group.id": physical(LEDGER, group), "log_level": 2}
        consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
        consumer.subscribe([physical(LEDGER, "kernel.ledger")])
        answer = consumer.poll(5)
        consumer.close()
        return None if answer is None else answer.error()

    assert code(read("strategy", "interlock-kernel-0")) == KafkaError.GROUP_AUTHORIZATION_FAILED
    assert code(read("strategy", "interlock-strategy")) != KafkaError.GROUP_AUTHORIZATION_FAILED


def test_a_principal_that_joins_later_may_write_what_it_is_given(services: Running) -> None:
    path = add_user(services.state, services.bootstrap_admin, "momentum-2")
    assert path.stat().st_mode & 0o777 == 0o600
    topics.allow(services, access.member("momentum-2", LEDGER, writes=("mesh.proposals",)))
    assert produced(services.client("momentum-2"), "mesh.proposals") is None
    refused = produced(services.client("momentum-2"), "kernel.intents")
    assert code(refused) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_the_live_ledger_has_the_bare_names_and_is_never_dropped(services: Running) -> None:
    topics.ensure_ledger(services, LIVE, shards=2)
    admin = AdminClient(services.admin())
    listed = admin.list_topics(timeout=10).topics
    assert {name: len(listed[name].partitions) for name in ("kernel.ledger", "control")} == {
        "kernel.ledger": 2,
        "control": 1,
    }
    with pytest.raises(ValueError, match="not dropped"):
        topics.drop_ledger(services, LIVE)


def test_what_was_killed_is_started_again_with_its_ports_records_and_schemas(services: Running) -> None:
    with SchemaRegistryClient({"url": services.registry_url}) as client:
        registered = client.register_schema("probe-value", Schema(SCHEMA % ("", ""), "AVRO"))
    assert produced(services.client("kernel"), "escalations", b"kept") is None
    before = [detached.running(path) for path in services.pid_files()]
    for pid in before:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert wait_until(
        lambda: all(detached.running(path) is None for path in services.pid_files()), timeout_s=30
    )
    assert find(services.root) is None
    down = {one.about: one.what for one in examine(services.root, LEDGER) if one.level is Level.FAULT}
    assert down["kafka-0"] == "stopped without being asked"
    assert local.ensure(services.root) == services
    with SchemaRegistryClient({"url": services.registry_url}) as client:
        assert client.get_latest_version("probe-value").schema_id == registered
    group = {"group.id": physical(LEDGER, "interlock-console"), "auto.offset.reset": "earliest"}
    consumer = Consumer({**services.client("console"), **group})
    consumer.subscribe([physical(LEDGER, "escalations")])
    found = consumer.poll(20)
    consumer.close()
    assert found is not None
    assert found.value() == b"kept"


def test_the_registry_refuses_an_incompatible_schema_and_names_the_field(services: Running) -> None:
    wider = Schema(SCHEMA % ("", ',{"name":"b","type":"int"}'), "AVRO")
    with SchemaRegistryClient({"url": services.registry_url}) as client:
        client.register_schema("strict-value", Schema(SCHEMA % ("", ""), "AVRO"))
        client.set_compatibility("strict-value", "FULL_TRANSITIVE")
        with pytest.raises(SchemaRegistryError, match="b") as refused:
            client.register_schema("strict-value", wider)
    assert refused.value.http_status_code == 409


def test_a_crash_of_the_caller_leaves_nothing_that_down_cannot_end(tmp_path: Path) -> None:
    root = tmp_path / "state"
    script = (
        "import os, sys; from pathlib import Path; from interlock.services import local, detached, registry\n"
        "state = Path(sys.argv[1])\n"
        "def crash(plan): os.kill(os.getpid(), 9)\n"
        "local.await_brokers = crash\n"
        "local.ensure(state)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script, str(root)], check=False).returncode == -signal.SIGKILL
    )
    pid = detached.running(kafka.pid_file(State(root=root), 0))
    assert pid is not None
    assert "kafka-0" in local.down(root)
    assert detached.running(kafka.pid_file(State(root=root), 0)) is None
    assert local.down(root) == []


def test_fresh_starts_empty_and_more_brokers_need_it(services: Running) -> None:
    with pytest.raises(ServicesError, match="has 1 broker"):
        local.ensure(services.root, brokers=3)
    began = json.loads(services.state.ports.read_text(encoding="utf-8"))["cluster"]
    assert (services.root / "ledgers" / LEDGER / "card.json").exists()
    emptied = local.ensure(services.root, fresh=True)
    assert emptied.cluster != began
    assert (services.state.retired / began / "ledgers" / LEDGER / "card.json").exists()
    assert not (services.root / "ledgers").exists()
    admin = AdminClient(emptied.admin())
    assert physical(LEDGER, "kernel.ledger") not in admin.list_topics(timeout=10).topics
