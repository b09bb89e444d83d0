"""What a broker is told, as plain words: the wall, three listeners, and nothing it makes up by itself.

docker-compose.yml gives the same settings as environment variables; tests/unit/test_compose.py compares them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.services.ports import HOST
from interlock.services.principals import BROKER, MECHANISM, SUPER

OPEN: Final = "OPEN"
WORKERS: Final = "WORKERS"
CONTROLLER: Final = "CONTROLLER"
INTERNAL_PARTITIONS: Final = (
    4  # of each internal topic: a handful of groups and transactional ids lives there
)

# Settings that do not depend on where the broker stands or how many there are.
COMMON: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "listener.security.protocol.map": (
        f"{OPEN}:PLAINTEXT,{WORKERS}:SASL_PLAINTEXT,{CONTROLLER}:SASL_PLAINTEXT"
    ),
    "inter.broker.listener.name": WORKERS,
    "controller.listener.names": CONTROLLER,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": ";".join(f"User:{name}" for name in SUPER),
    "allow.everyone.if.no.acl.found": "false",
    "sasl.mechanism.inter.broker.protocol": MECHANISM,
    # The controller needs a mechanism that works before any credential is readable from the log.
    "sasl.mechanism.controller.protocol": "PLAIN",
    "listener.name.workers.sasl.enabled.mechanisms": MECHANISM,
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    # A topic exists because the table says so, never because someone misspelt one.
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    "log.message.timestamp.type": "LogAppendTime",
    "num.partitions": "1",
    # The largest value any topic may hold, and its batch's overhead; each topic narrows it.
    "message.max.bytes": "1114112",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": str(INTERNAL_PARTITIONS),
    "transaction.state.log.num.partitions": str(INTERNAL_PARTITIONS),
    "share.coordinator.state.topic.num.partitions": "1",
    # No promise of ours needs a longer open transaction; an open one holds back all committed reading.
    "transaction.max.timeout.ms": "60000",
    # Compacted state is read whole at each start: keep it short.
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.cleaner.threads": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    "background.threads": "2",
    # All brokers of a state folder end together: handing over would wait for a quorum that is going too.
    "controlled.shutdown.enable": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One broker: its id and its three ports on loopback."""

    id: int
    open: int
    workers: int
    controller: int


def replication(brokers: int) -> dict[str, str]:
    """How often everything is kept: one copy on one broker; three copies, two of them in time, on three."""
    copies, in_time = (3, 2) if brokers == 3 else (1, 1)
    settings = {"default.replication.factor": str(copies), "min.insync.replicas": str(in_time)}
    for prefix in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{prefix}.replication.factor"] = str(copies)
    for prefix in ("transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{prefix}.min.isr"] = str(in_time)
    return settings


def properties(
    node: Node, nodes: Sequence[Node], *, data: str, broker_password: str, listen: str = HOST
) -> dict[str, str]:
    """Everything in one node's server.properties; `data` is its log folder.

    It is always reached at 127.0.0.1; `listen` differs in a container, where published ports arrive.
    """
    places = ((OPEN, node.open), (WORKERS, node.workers), (CONTROLLER, node.controller))
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
    login = f'required username="{BROKER}" password="{broker_password}"'
    callers = f'user_{BROKER}="{broker_password}"'  # who may call the controller: brokers only
    own = {
        "node.id": str(node.id),
        "log.dirs": data,
        "listeners": ",".join(f"{name}://{listen}:{port}" for name, port in places),
        "advertised.listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in places),
        "controller.quorum.voters": ",".join(f"{one.id}@{HOST}:{one.controller}" for one in nodes),
        "listener.name.workers.scram-sha-256.sasl.jaas.config": f"{scram} {login};",
        "listener.name.controller.plain.sasl.jaas.config": f"{plain} {login} {callers};",
    }
    return {**COMMON, **replication(len(nodes)), **own}


def render(settings: Mapping[str, str]) -> str:
    """Text of a properties file; backslashes are doubled, or a path of another system would lose them."""
    return "".join(
        f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in sorted(settings.items())
    )


def log_settings(file: str) -> str:
    """Kafka's log configuration: warnings only, two files of 4 MiB, nothing to standard output."""
    return f"""status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {file}
appender.file.filePattern = {file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %c{{1}} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 4MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
"""
