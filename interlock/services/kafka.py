"""Apache Kafka on loopback: formatted with its credentials inside, then started, one JVM a broker."""

import secrets
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from interlock.services import broker_settings, detached, java
from interlock.services.broker_settings import Node
from interlock.services.faults import ServicesError
from interlock.services.principals import BROKER, ITERATIONS, MECHANISM, PRINCIPALS
from interlock.services.state import State, write_private
from interlock.services.versions import HEAP_KAFKA_MB

_FORMAT_S_MAX = 60


def new_cluster_id() -> str:
    """A cluster id in Kafka's form: 16 random bytes, base64 without padding, not starting with a dash."""
    drawn = uuid.UUID(bytes=secrets.token_bytes(16), version=4)
    text = urlsafe_b64encode(drawn.bytes).decode("ascii").rstrip("=")
    return text if not text.startswith("-") else "A" + text[1:]


def pid_file(state: State, node: int) -> Path:
    """The file a running broker holds locked."""
    return state.run / f"kafka-{node}.pid"


def data_folder(state: State, node: int) -> Path:
    """Where one broker's log segments are."""
    return state.kafka / str(node)


def configure(state: State, nodes: Sequence[Node], more: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write each node's server.properties (mode 0600: the broker's password is in it) and log settings."""
    for node in nodes:
        settings = broker_settings.properties(
            node, nodes, data=str(data_folder(state, node.id)), broker_password=state.password(BROKER)
        )
        write_private(_properties_file(state, node.id), broker_settings.render({**settings, **more}))
        log = state.logs / f"kafka-{node.id}.log"
        write_private(_log_settings_file(state, node.id), broker_settings.log_settings(str(log)))


def is_formatted(state: State, node: int) -> bool:
    """Whether a data folder holds a cluster already."""
    return (data_folder(state, node) / "meta.properties").exists()


def format_storage(state: State, node: int, *, cluster: str, jars: Sequence[Path]) -> None:
    """Make a data folder that knows every principal's password before the broker first listens.

    The words go through a private file, because a command line can be read by every user of the machine.
    """
    properties = str(_properties_file(state, node))
    words = [*_class_path(jars), *format_words(state, cluster=cluster, properties=properties)]
    arguments = state.run / f"format-{node}.arguments"
    log = f"-Dlog4j2.configurationFile={_log_settings_file(state, node).as_uri()}"
    write_private(arguments, java.argument_file([log, *words]))
    try:
        done = subprocess.run(
            java.command([f"@{arguments}"], heap_mb=HEAP_KAFKA_MB),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FORMAT_S_MAX, check=False,
        )  # fmt: skip
    finally:
        arguments.unlink()
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ServicesError(f"cannot format broker {node}: {last}", fix="interlock up --fresh starts empty")


def format_words(state: State, *, cluster: str, properties: str) -> list[str]:
    """Main class and arguments that format a data folder with every principal's password inside."""
    words = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster, "-c", properties]
    for principal in PRINCIPALS:
        entry = f"{MECHANISM}=[name={principal},iterations={ITERATIONS},password={state.password(principal)}]"
        words += ["--add-scram", entry]
    return words


def start(state: State, node: int, *, jars: Sequence[Path]) -> None:
    """Start one formatted broker; it listens a second or two later."""
    argv = java.command(
        [*_class_path(jars), "kafka.Kafka", str(_properties_file(state, node))],
        heap_mb=HEAP_KAFKA_MB,
        properties={"log4j2.configurationFile": _log_settings_file(state, node).as_uri()},
    )
    detached.spawn(pid_file(state, node), argv, log=state.logs / f"kafka-{node}.out", cwd=state.kafka)


def _class_path(jars: Sequence[Path]) -> list[str]:
    return ["-cp", ":".join(str(jar) for jar in jars)]


def _properties_file(state: State, node: int) -> Path:
    return state.run / f"kafka-{node}.properties"


def _log_settings_file(state: State, node: int) -> Path:
    return state.run / f"kafka-{node}-log4j2.properties"
