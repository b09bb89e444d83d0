"""A real broker for the tests that need one: the one in the environment, else our own services."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from transport import kafka_config
from transport.names import LedgerName, ledger_name, physical
from transport.settings import KafkaSettings


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> KafkaSettings:
    """Settings of a principal that may do everything, since these tests make their own topics."""
    if named := os.environ.get("INTERLOCK_TEST_BOOTSTRAP"):
        return KafkaSettings(bootstrap=named)
    running = request.getfixturevalue("services")
    return KafkaSettings(
        bootstrap=running.bootstrap_admin,
        security="SASL_PLAINTEXT",
        principal="admin",
        password=running.password_file("admin").read_text(encoding="ascii").strip(),
    )


def environment(settings: KafkaSettings, ledger: LedgerName, state: Path, **more: str) -> dict[str, str]:
    """What a supervisor would tell a process of this ledger; the password goes by a file."""
    state.mkdir(parents=True, exist_ok=True)
    password = state / "test.password"
    password.write_text(settings.password + "\n", encoding="ascii")
    return {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "INTERLOCK_BOOTSTRAP": settings.bootstrap,
        "INTERLOCK_SECURITY": settings.security,
        "INTERLOCK_PRINCIPAL": settings.principal,
        "INTERLOCK_PASSWORD_FILE": str(password),
        "INTERLOCK_LEDGER": ledger,
        "INTERLOCK_STATE": str(state),
        **more,
    }


def new_ledger() -> LedgerName:
    """A ledger name of its own for one test, so that nothing is shared but the broker."""
    return ledger_name(f"t-{uuid.uuid4().hex[:10]}")


def make_topics(
    settings: KafkaSettings,
    ledger: LedgerName,
    topics: dict[str, int],
    bytes_max: Mapping[str, int] | None = None,
) -> None:
    """Create topics (base name to number of partitions) and wait until the broker has them."""
    admin = AdminClient(kafka_config.common(settings))
    limits = {name: {"max.message.bytes": str(size)} for name, size in (bytes_max or {}).items()}
    asked = [
        NewTopic(physical(ledger, name), count, 1, config=limits.get(name, {}))
        for name, count in topics.items()
    ]
    for answer in admin.create_topics(asked).values():
        answer.result(20)
