"""Client configuration of the rails, each setting with the failure that made it.

Measured on Apache Kafka 4.3.1 with librdkafka 2.16 (the design's `15-rails.md` has the figures).
"""

from __future__ import annotations

from transport.settings import KafkaSettings

Config = dict[str, str | int | bool]

# To read a partition to its end: nothing waits behind what was fetched, and the end must be told at once.
BULK: Config = {
    "max.partition.fetch.bytes": 8_388_608,
    "queued.max.messages.kbytes": 65_536,
    "fetch.wait.max.ms": 5,
}

INIT_TIMEOUT_S = 120  # a broker may start after its loops; the supervisor sees who waits longer


def common(settings: KafkaSettings) -> Config:
    """What every client has: where the broker is, who we are, and how soon it is tried again."""
    config: Config = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security,
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 500,  # the default of 10 s leaves a restarted broker unused for that long
        # When all brokers are gone, 2.16 forgets them and begins with the bootstrap addresses again. A
        # transaction that was sending its offsets then never returns, whatever its time-out, and a thread
        # spins (seen: no verdict for minutes after a broker restart, until somebody killed the loop).
        "metadata.recovery.strategy": "none",
        "topic.metadata.propagation.max.ms": 3_000,  # a topic unknown for longer is missing, not new
        "socket.keepalive.enable": True,
        "socket.nagle.disable": True,  # a transaction is many small requests
        "broker.address.family": "v4",  # `localhost` first tried as ::1 costs a refused connection each time
        "log.connection.close": False,  # a broker closes idle connections; that is no news
    }
    if settings.security.startswith("SASL"):
        config["sasl.mechanisms"] = "SCRAM-SHA-256"
        config["sasl.username"] = settings.principal
        config["sasl.password"] = settings.password
    return config


def reading(settings: KafkaSettings, group: str) -> Config:
    """A consumer that sees committed records only and never chooses a position by itself."""
    return common(settings) | {
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # a lost position must stop the loop, not move it
        "enable.partition.eof": True,  # after a transaction the end is a marker: only this says "all is read"
        "fetch.wait.max.ms": 100,
        "fetch.error.backoff.ms": 50,
        "fetch.queue.backoff.ms": 1,  # the default second stalls a full queue long after it has emptied
        "max.partition.fetch.bytes": 262_144,
        "queued.min.messages": 2_000,  # small: a halt must not wait behind fetched prices
        "queued.max.messages.kbytes": 8_192,
    }


def writing(settings: KafkaSettings, transactional_id: str) -> Config:
    """The transactional producer of a loop."""
    return common(settings) | {
        "transactional.id": transactional_id,
        "transaction.timeout.ms": settings.transaction_timeout_ms,
        "enable.idempotence": True,
        "acks": "all",
        "batch.size": 16_384,  # a topic's size limit holds for a batch; librdkafka never splits a refused one
        "linger.ms": 1,  # the commit flushes, so this batches without waiting
        "retry.backoff.ms": 5,  # while the last markers are written; the default waits 100 ms
        "retry.backoff.max.ms": 20,
        "compression.type": "none",  # bodies are mostly hashes and signatures
        "message.max.bytes": 4_194_304,  # of a request; each topic's own limit is the broker's to enforce
    }
