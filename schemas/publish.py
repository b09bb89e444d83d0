"""Publishing to the schema registry: each subject with its level; the ids it gave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas import avsc
from schemas.subjects import Subject, subjects

WORKERS = 8  # the local registry answers in about 10 ms; a release should not take seconds


class PublishRefused(ValueError):
    """The registry refused a subject; the text is its own, with the field it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One subject as the registry now holds it; number: its id in the Confluent prefix."""

    subject: Subject
    number: int


def publish(url: str, prefix: str = "") -> list[Published]:
    """Register every subject under ``prefix`` (a ledger's name with a dot, or nothing).

    Raises PublishRefused on an incompatible change, and what the client raises when nobody answers.
    """
    with SchemaRegistryClient({"url": url}) as client, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda subject: _publish(client, prefix, subject), subjects()))


def _publish(client: SchemaRegistryClient, prefix: str, subject: Subject) -> Published:
    schema = Schema(avsc.canonical(f"{avsc.NAMESPACE}.{subject.message}").decode(), "AVRO")
    name = prefix + subject.name
    try:
        number = int(client.register_schema(name, schema))
        level = ConfigCompatibilityLevel(subject.level.value)
        client.set_config(name, ServerConfig(compatibility=level))
    except SchemaRegistryError as error:
        raise PublishRefused(f"{name}: {error.error_message}") from error
    return Published(subject=subject, number=number)
