"""When a service has started: it answers as its users will ask it; a process that died says so at once."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from interlock.services import detached, kafka, ports, registry
from interlock.services.faults import ServicesError
from interlock.services.running import Running

START_S_MAX = (
    90.0  # measured: 2 s for one broker, 9 s for three, 4 s for the registry; a busy machine needs more
)
_POLL_S = 0.05


def await_brokers(plan: Running) -> None:
    """Wait until every broker of the plan is in the cluster and knows the admin's password."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    for node in plan.nodes:
        _until(
            partial(ports.answers, node.workers),
            kafka.pid_file(plan.state, node.id),
            plan,
            f"kafka-{node.id}",
        )
    admin = AdminClient({**plan.admin(), "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200})

    def joined() -> bool:
        try:
            return len(admin.list_topics(timeout=2.0).brokers) == len(plan.nodes)
        except KafkaException:
            return False  # it listens before it has read its credentials

    _until(joined, kafka.pid_file(plan.state, 0), plan, "kafka-0")


def await_registry(plan: Running) -> None:
    """Wait until the registry's API answers."""
    _until(lambda: registry.is_ready(plan.registry_port), registry.pid_file(plan.state), plan, "registry")


def _until(is_ready: Callable[[], bool], pid_file: Path, plan: Running, name: str) -> None:
    deadline = time.monotonic() + START_S_MAX
    while not is_ready():
        if detached.running(pid_file) is None:
            raise ServicesError(
                f"{name} ended while starting: {last_words(plan, name)}", fix="interlock doctor"
            )
        if time.monotonic() > deadline:
            raise ServicesError(
                f"{name} does not answer after {START_S_MAX:.0f} s", fix="interlock down, then up"
            )
        time.sleep(_POLL_S)


def last_words(plan: Running, name: str) -> str:
    """The last line a service wrote, for people."""
    for suffix in ("log", "out"):
        path = plan.state.logs / f"{name}.{suffix}"
        lines = (
            path.read_text(encoding="utf-8", errors="replace").strip().splitlines() if path.exists() else []
        )
        if lines:
            return f"{lines[-1][:300]} (all of it in {path})"
    return f"it wrote nothing into {plan.state.logs}"
