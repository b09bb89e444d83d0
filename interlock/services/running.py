"""What runs: addresses and credentials of one machine's services, as everyone else needs them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from interlock.services import detached, kafka, registry
from interlock.services.broker_settings import Node
from interlock.services.ports import HOST, answers
from interlock.services.principals import ADMIN, client_config
from interlock.services.state import State, write_env, write_json

GRACE_S = 20.0  # a broker flushes and hands over within a second or two; then it is killed


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The services of one state folder: which brokers, which registry, and how to reach them."""

    root: Path
    cluster: str
    nodes: tuple[Node, ...]
    registry_port: int
    # Started by someone else (docker compose): found by its ports, never ended by us.
    external: bool = False

    @property
    def state(self) -> State:
        """The state folder behind them."""
        return State(root=self.root)

    @property
    def bootstrap_open(self) -> str:
        """Brokers' addresses without a password: market signals in, everything readable out."""
        return ",".join(f"{HOST}:{node.open}" for node in self.nodes)

    @property
    def bootstrap_workers(self) -> str:
        """Brokers' addresses for principals with a password (SASL_PLAINTEXT, SCRAM-SHA-256)."""
        return ",".join(f"{HOST}:{node.workers}" for node in self.nodes)

    @property
    def bootstrap_admin(self) -> str:
        """Brokers' addresses for the admin principal: the same listener as the workers'."""
        return self.bootstrap_workers

    @property
    def registry_url(self) -> str:
        """Confluent-compatible address of the schema registry."""
        return registry.url(self.registry_port)

    def password_file(self, principal: str) -> Path:
        """File of one principal's broker password, mode 0600."""
        return self.state.password_file(principal)

    def client(self, principal: str) -> dict[str, Any]:
        """confluent-kafka settings of one principal, password included; KeyError if it has none."""
        path = self.password_file(principal)
        if not path.exists():
            raise KeyError(f"no broker user {principal}: see interlock.services.principals.add_user")
        config = client_config(self.bootstrap_workers, principal, path.read_text(encoding="ascii").strip())
        return {
            **config,
            "log_level": 3,
        }  # a coordinator that still loads is retried, and no news for a person

    def admin(self) -> dict[str, Any]:
        """confluent-kafka settings of the admin principal."""
        return {
            **self.client(ADMIN),
            "log_level": 2,
        }  # its answers are our errors; librdkafka need not print them too

    def pid_files(self) -> list[Path]:
        """Pid files of the brokers and, last, the registry; none when someone else started them."""
        if self.external:
            return []
        return [*(kafka.pid_file(self.state, node.id) for node in self.nodes), registry.pid_file(self.state)]

    def all_run(self) -> bool:
        """Whether every process of it is there now."""
        if self.external:
            return all(answers(port) for port in (*(node.workers for node in self.nodes), self.registry_port))
        return all(detached.running(path) is not None for path in self.pid_files())

    def brokers_run(self) -> bool:
        """Whether every broker is there now; the registry is needed to release, and for nothing else."""
        if self.external:
            return all(answers(node.workers) for node in self.nodes)
        return all(detached.running(kafka.pid_file(self.state, node.id)) is not None for node in self.nodes)

    def stop(self) -> list[str]:
        """End brokers and registry; data, secrets and ports stay. Names of what was ended."""
        return detached.stop(self.pid_files(), grace_s=GRACE_S)

    def remember(self) -> None:
        """Write ports.json and env."""
        nodes = [asdict(node) for node in self.nodes]
        told = {
            "cluster": self.cluster,
            "nodes": nodes,
            "registry": self.registry_port,
            "external": self.external,
        }
        write_json(self.state.ports, told)
        write_env(
            self.state.env,
            {
                "INTERLOCK_BOOTSTRAP": self.bootstrap_open,
                "INTERLOCK_WORKERS": self.bootstrap_workers,
                "INTERLOCK_REGISTRY": self.registry_url,
                "INTERLOCK_STATE": str(self.root),
            },
        )


def remembered(state: State) -> Running | None:
    """What last ran from this folder, whether or not it still does; None if nothing ever did."""
    try:
        told = json.loads(state.ports.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    nodes: Sequence[dict[str, int]] = told["nodes"]
    return Running(
        root=state.root,
        cluster=told["cluster"],
        nodes=tuple(Node(**node) for node in nodes),
        registry_port=told["registry"],
        external=told.get("external", False),
    )


def find(root: Path) -> Running | None:
    """What runs from this state folder now, whole; None if any part of it does not."""
    found = remembered(State(root=root.absolute()))
    return found if found is not None and found.all_run() else None


def brokers(root: Path) -> Running | None:
    """What a ledger needs of this state folder's services: its brokers, whatever the registry does."""
    found = remembered(State(root=root.absolute()))
    return found if found is not None and found.brokers_run() else None
