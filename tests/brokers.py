"""A real broker for the tests that need one: the one in the environment, else our own services."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from transport import kafka_config
from transport.names import LedgerName, ledger_name, physical
from transport.settings import KafkaSettings


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    """Settings of a principal that may do everything, since these tests make their own topics."""
    if named := os.environ.get("INTERLOCK_TEST_BOOTSTRAP"):
        yield KafkaSettings(bootstrap=named)
        return
    from interlock.services import local  # only tests that need a broker pay for it

    root = tmp_path_factory.mktemp("broker") / "state"
    running = local.ensure(root)
    yield KafkaSettings(
        bootstrap=running.bootstrap_admin,
        security="SASL_PLAINTEXT",
        principal="admin",
        password=running.password_file("admin").read_text(encoding="ascii").strip(),
    )
    local.down(root)


def new_ledger() -> LedgerName:
    """A ledger name of its own for one test, so that nothing is shared but the broker."""
    return ledger_name(f"t-{uuid.uuid4().hex[:10]}")


def make_topics(settings: KafkaSettings, ledger: LedgerName, topics: dict[str, int]) -> None:
    """Create topics (base name to number of partitions) and wait until the broker has them."""
    admin = AdminClient(kafka_config.common(settings))
    asked = [NewTopic(physical(ledger, name), count, 1) for name, count in topics.items()]
    for answer in admin.create_topics(asked).values():
        answer.result(20)
