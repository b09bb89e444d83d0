"""The Faust app of a thinker: stateless, at least once, on committed records only.

Whoever handles a record MUST have every answer delivered before the record counts as handled, so `send_all`
waits for the broker; a killed worker then repeats an answer at most, and the remembering loops know a
repeated one by its name.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import faust
from aiokafka.errors import KafkaError
from faust.assignor.partition_assignor import PartitionAssignor

from transport.faust_fixes import CommittedApp
from transport.faust_stop import BoundedWorker, end
from transport.log import LogError, Produce, Record
from transport.names import LedgerName, base, physical, worker_group_id
from transport.settings import KafkaSettings, ProcessSettings

REQUEST_BYTES_MAX = 1_200_000  # quarantine takes records of 1 MiB, and the batch around one needs room
AWAY_S_MAX = 10.0  # a broker restarts in less, most times; then the supervisor sees it, and starts another
ASK_S = 0.5
COMMIT_S = 0.2  # a killed worker handles again what it handled in this time


async def listening(addresses: Sequence[str], within_s: float) -> bool:
    """Wait until one of these ``host:port`` takes a connection; False when none has in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        for address in addresses:
            host, _, port = address.rpartition(":")
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), ASK_S)
            except (OSError, TimeoutError):
                continue
            writer.close()
            return True
        await asyncio.sleep(ASK_S)
    return False


class KnowingAssignor(PartitionAssignor):
    """A group's leader who knows nothing of a topic ends, instead of giving its partitions to nobody.

    A broker that has just come back may answer before it knows its topics. Faust then ignores the topic with
    a warning, and static members get that same empty assignment again however often they start (seen under
    `make kill`: an attestor that was well and read nothing, for ever). Where the leader ends before he has
    said so, the group begins anew.
    """

    @classmethod
    def _get_copartitioned_groups(cls, topics: set[str], cluster: Any, subscriptions: Any) -> Any:
        missing = sorted(name for name in topics if not cluster.partitions_for_topic(name))
        if missing:
            end(cls.__name__, LogError(f"the broker knows no partitions of {', '.join(missing)} yet"))
        return super()._get_copartitioned_groups(topics, cluster, subscriptions)


class ThinkerApp(CommittedApp):
    """Ends its process when an agent raises; Faust would commit the record as handled and go on.

    It ends without another commit, so that the record is read again after the restart: a skipped record
    would be a silent loss.
    """

    addresses: tuple[str, ...] = ()  # of brokers, host:port

    async def _on_agent_error(self, agent: Any, exc: BaseException) -> NoReturn:
        end(agent, exc)

    async def start(self) -> None:
        """A broker that is away at the start is waited for here: a new process each time would cost a second
        of both the machine and the broker that is coming back (seen: six workers kept it from starting).
        """
        await listening(self.addresses, AWAY_S_MAX)
        try:
            await super().start()
        except KafkaError as error:
            end(self.conf.id, error)

    async def crash(self, reason: BaseException) -> None:
        """Whatever of Faust fails for want of a broker is tried again by a new process."""
        if isinstance(reason, KafkaError | LogError):
            end(self.conf.id, reason)
        await super().crash(reason)


def make_app(name: str, settings: ProcessSettings) -> ThinkerApp:
    """The app of worker number `settings.shard` of agent `name`; all workers of a name share one group.

    The instance id is the worker's number, so that a killed worker is itself again after its restart and no
    rebalance stops the others.
    """
    faust_files = settings.state / "faust" / settings.ledger / f"{name}-{settings.shard}"
    faust_files.mkdir(parents=True, exist_ok=True)
    group = worker_group_id(settings.ledger, name)
    addresses = tuple(address.strip() for address in settings.kafka.bootstrap.split(","))
    app: ThinkerApp = ThinkerApp(
        group,
        broker=[f"kafka://{address}" for address in addresses],
        broker_credentials=_credentials(settings.kafka),
        broker_client_id=f"{group}-{settings.shard}",
        consumer_group_instance_id=f"{group}-{settings.shard}",
        consumer_auto_offset_reset="earliest",
        processing_guarantee="at_least_once",
        PartitionAssignor=KnowingAssignor,
        Worker=BoundedWorker,
        broker_session_timeout=6.0,  # the default minute leaves a killed worker's partitions idle that long
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=10.0,
        broker_commit_interval=COMMIT_S,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        datadir=faust_files,
        topic_allow_declare=False,  # topics come from the one table, with their ACLs
        topic_disable_leader=True,
        producer_acks=-1,
        producer_max_request_size=REQUEST_BYTES_MAX,
        stream_recovery_delay=0.0,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
    )
    app.addresses = addresses
    return app


def topic(app: faust.App, ledger: LedgerName, *bases: str) -> Any:
    """The raw topics of these base names: bytes in and out, and decoding is the worker's own strict codec."""
    names = [physical(ledger, name) for name in bases]
    return app.topic(*names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def record_of(event: Any, ledger: LedgerName) -> Record:
    """A Faust event as the rails' own record, under its topic's base name."""
    message = event.message
    return Record(
        topic=base(ledger, message.topic),
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple((name, value or b"") for name, value in _pairs(message.headers)),
        timestamp_ms=int((message.timestamp or 0) * 1_000),
    )


async def send_all(app: faust.App, ledger: LedgerName, produces: Sequence[Produce]) -> None:
    """Send as one batch and wait until the broker has all of it. Raises KafkaError or ProducerSendError.

    Records of one partition keep their order; between partitions there is none, so what must stand first (an
    explanation before its proposal) goes in an earlier call.
    """
    producer = app.producer
    sent = [
        await producer.send(
            physical(ledger, one.topic), one.key, one.value, one.partition, None, list(one.headers) or None
        )
        for one in produces
    ]
    await asyncio.gather(*sent)


def _pairs(headers: Any) -> Iterable[tuple[str, bytes | None]]:
    """Faust gives headers as a mapping, as pairs, or as nothing."""
    if headers is None:
        return ()
    pairs: Iterable[tuple[str, bytes | None]] = headers.items() if isinstance(headers, Mapping) else headers
    return pairs


def _credentials(kafka: KafkaSettings) -> Any:
    context = ssl.create_default_context() if kafka.security.endswith("SSL") else None
    if not kafka.security.startswith("SASL"):
        return faust.SSLCredentials(context) if context is not None else None
    return faust.SASLCredentials(
        username=kafka.principal, password=kafka.password, mechanism="SCRAM-SHA-256", ssl_context=context
    )
