"""The same services for people who have Docker: what docker-compose.yml mounts, from the same settings.

`interlock up --docker` writes it; the addresses are those of `interlock up`, so everything else is the same.
"""

import os
from pathlib import Path

from interlock.services import broker_settings, java, kafka, ports
from interlock.services import versions as at
from interlock.services.broker_settings import Node
from interlock.services.faults import ServicesError
from interlock.services.principals import ADMIN, BROKER
from interlock.services.running import Running, find, remembered
from interlock.services.state import State, write_private

# Inside a container.
DATA = "/interlock/data"
PROPERTIES = "/interlock/kafka.properties"
CLASS_PATH = "/opt/kafka/libs/*"


def nodes(brokers: int) -> tuple[Node, ...]:
    """Brokers on the ports people know; compose publishes these and no others."""
    return tuple(
        Node(
            id=number,
            open=at.PORT_OPEN + at.PORT_STEP * number,
            workers=at.PORT_WORKERS + at.PORT_STEP * number,
            controller=at.PORT_CONTROLLER + at.PORT_STEP * number,
        )
        for number in range(brokers)
    )


def prepare(root: Path, *, brokers: int = 1) -> Running:
    """Write secrets, settings and docker.env; what compose will run, for everyone else to find.

    ServicesError when our own services run here, or their ports are taken.
    """
    state = State(root=root.absolute())
    state.make()
    before = remembered(state)
    if before is not None and not before.external:
        fix = "interlock down, then another state folder: data made outside a container stays outside"
        raise ServicesError("this state folder belongs to our own services", fix=fix)
    planned = nodes(brokers)
    if find(state.root) is None:
        wanted = [
            at.PORT_REGISTRY,
            *(port for node in planned for port in (node.open, node.workers, node.controller)),
        ]
        if taken := [port for port in wanted if not ports.is_free(port)]:
            raise ServicesError(f"ports {taken} are taken", fix="end what listens there")
    cluster = kafka.new_cluster_id() if before is None else before.cluster
    plan = Running(
        root=state.root, cluster=cluster, nodes=planned, registry_port=at.PORT_REGISTRY, external=True
    )
    for node in planned:
        _write_node(state, node, plan)
    _write_environment(state, plan)
    plan.remember()
    return plan


def next_command(plan: Running) -> str:
    """What a person types next."""
    profile = "core" if len(plan.nodes) == 1 else "cluster"
    return f"docker compose --env-file {plan.root / 'docker.env'} --profile {profile} up -d"


def folder(state: State) -> Path:
    """What compose mounts."""
    return state.root / "docker"


def _write_node(state: State, node: Node, plan: Running) -> None:
    folder(state).mkdir(exist_ok=True, mode=0o700)
    kafka.data_folder(state, node.id).mkdir(exist_ok=True)  # or the daemon makes it, and root owns it
    settings = broker_settings.properties(
        node, plan.nodes, data=DATA, broker_password=state.password(BROKER), listen="0.0.0.0"
    )
    write_private(folder(state) / f"kafka-{node.id}.properties", broker_settings.render(settings))
    words = kafka.format_words(state, cluster=plan.cluster, properties=PROPERTIES)
    write_private(folder(state) / "format.arguments", java.argument_file(["-cp", CLASS_PATH, *words]))


def _write_environment(state: State, plan: Running) -> None:
    values = {
        "INTERLOCK_STATE": str(state.root),
        "INTERLOCK_UID": str(os.getuid()),
        "INTERLOCK_GID": str(os.getgid()),
        "INTERLOCK_ADMIN_PASSWORD": state.password(ADMIN),
        "INTERLOCK_BOOTSTRAP_WORKERS": plan.bootstrap_workers,
    }
    write_private(state.root / "docker.env", "".join(f"{name}={value}\n" for name, value in values.items()))
