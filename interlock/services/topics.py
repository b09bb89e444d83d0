"""Makes a ledger's topics and ACLs what the table says, in three calls to the broker."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from interlock.services.access import Grant, Kind, Right, grants
from interlock.services.faults import ServicesError
from interlock.services.running import Running
from schemas.topics import KIB, TOPICS, Cleanup, Topic, partitions
from transport.names import LIVE, LedgerName, physical

_TIMEOUT_S = 30.0
_POLL_S = 0.02
# Around a value: batch and record framing, key and headers.
FRAMING_BYTES: Final = 2 * KIB
# A topic's limit holds for a whole batch, and clients never split one that was refused. Ours (and aiokafka by
# default) fill batches up to this, so no topic's limit may be less.
BATCH_BYTES: Final = 16 * KIB
FOREVER_MS: Final = -1

_KINDS = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.TRANSACTION: ResourceType.TRANSACTIONAL_ID,
}
_RIGHTS = {
    Right.READ: AclOperation.READ,
    Right.WRITE: AclOperation.WRITE,
    Right.DESCRIBE: AclOperation.DESCRIBE,
}
_KIND_OF = {theirs: ours for ours, theirs in _KINDS.items()}
_RIGHT_OF = {theirs: ours for ours, theirs in _RIGHTS.items()}


def topic_settings(topic: Topic) -> dict[str, str]:
    """Broker settings of one topic, every one said rather than inherited."""
    keeps_all = topic.cleanup is not Cleanup.DELETE
    return {
        "cleanup.policy": "compact" if topic.cleanup is Cleanup.COMPACT else "delete",
        "retention.ms": str(FOREVER_MS if keeps_all else topic.retention_ms),
        "retention.bytes": "-1",
        "max.message.bytes": str(max(topic.bytes_max, BATCH_BYTES) + FRAMING_BYTES),
        "message.timestamp.type": "LogAppendTime",
        # The limit holds for a batch as it is stored: 15 MB of zeros, compressed, pass a limit of 16 KiB.
        "compression.type": "uncompressed",
    }


def ensure_ledger(
    running: Running, ledger: LedgerName = LIVE, *, shards: int = 1, paper: bool = True
) -> None:
    """Make every topic and ACL entry of a ledger; what is there already stays. ServicesError if refused."""
    admin = AdminClient(running.admin())
    copies = 3 if len(running.nodes) == 3 else 1
    wanted = [
        NewTopic(
            physical(ledger, topic.name),
            num_partitions=partitions(topic, shards),
            replication_factor=copies,
            config=topic_settings(topic),
        )
        for topic in TOPICS
    ]
    entries = grants(ledger, paper=paper)
    made = admin.create_topics(wanted, operation_timeout=_TIMEOUT_S, request_timeout=_TIMEOUT_S)
    allowed = admin.create_acls([_binding(grant) for grant in sorted(entries)])
    _settle(made, tolerated=KafkaError.TOPIC_ALREADY_EXISTS)
    _settle(allowed)
    _await_grants(running, entries)


def allow(running: Running, entries: Iterable[Grant]) -> None:
    """Add ACL entries (a principal that joined later). ServicesError if refused."""
    admin = AdminClient(running.admin())
    wanted = frozenset(entries)
    _settle(admin.create_acls([_binding(grant) for grant in sorted(wanted)]))
    _await_grants(running, wanted)


def drop_ledger(running: Running, ledger: LedgerName) -> None:
    """Remove a ledger's topics and ACL entries (tests, old demos); LIVE is refused with ValueError."""
    if ledger == LIVE:
        raise ValueError("the LIVE ledger is not dropped; up --fresh starts empty")
    admin = AdminClient(running.admin())
    gone = admin.delete_topics(
        [physical(ledger, topic.name) for topic in TOPICS], operation_timeout=_TIMEOUT_S
    )
    own = [grant for grant in grants(ledger) if grant not in grants(LIVE)]  # some entries serve every ledger
    revoked = admin.delete_acls([_filter(grant) for grant in sorted(own)])
    _settle(gone, tolerated=KafkaError.UNKNOWN_TOPIC_OR_PART)
    _settle(revoked)


def present_grants(running: Running) -> frozenset[Grant]:
    """Every allowing entry the broker knows, as far as the table has words for it."""
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    admin = AdminClient(running.admin())  # named: a client that is collected takes its answers with it
    bindings = admin.describe_acls(everything).result(timeout=_TIMEOUT_S)
    return frozenset(
        Grant(
            kind=_KIND_OF[binding.restype],
            name=binding.name,
            is_prefix=binding.resource_pattern_type is ResourcePatternType.PREFIXED,
            principal=binding.principal,
            right=_RIGHT_OF[binding.operation],
        )
        for binding in bindings
        if binding.restype in _KIND_OF
        and binding.operation in _RIGHT_OF
        and binding.permission_type is AclPermissionType.ALLOW
    )


def _await_grants(running: Running, wanted: frozenset[Grant]) -> None:
    """The controller answers before the authorizer has heard: a worker started now is refused."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not wanted <= present_grants(running):
        if time.monotonic() > deadline:
            raise ServicesError("the broker does not take up its ACLs", fix="interlock doctor")
        time.sleep(_POLL_S)


def _binding(grant: Grant) -> AclBinding:
    return AclBinding(*_words(grant))


def _filter(grant: Grant) -> AclBindingFilter:
    return AclBindingFilter(*_words(grant))


def _words(grant: Grant) -> tuple[Any, ...]:
    pattern = ResourcePatternType.PREFIXED if grant.is_prefix else ResourcePatternType.LITERAL
    kind, right = _KINDS[grant.kind], _RIGHTS[grant.right]
    return (kind, grant.name, pattern, grant.principal, "*", right, AclPermissionType.ALLOW)


def _settle(answers: Mapping[Any, Any], *, tolerated: int | None = None) -> None:
    for asked, answer in answers.items():
        try:
            answer.result(timeout=_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != tolerated:
                raise ServicesError(
                    f"the broker refused {asked}: {error.args[0].str()}", fix="interlock doctor"
                ) from error
