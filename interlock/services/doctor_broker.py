"""The broker under the doctor's eye: its cluster, and every topic and ACL against the table."""

from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from interlock.grants import contracts
from interlock.services.access import Grant, Kind, grants, user
from interlock.services.finding import Finding, fault, note, ok, some
from interlock.services.principals import PRINCIPALS
from interlock.services.running import Running
from interlock.services.topics import present_grants, topic_settings
from schemas.topics import TOPICS
from transport.names import LIVE, LedgerName, physical

_TIMEOUT_S = 10.0


def examine_broker(running: Running, ledger: LedgerName) -> list[Finding]:
    """Findings about cluster, topics and ACLs of a running broker."""
    admin = AdminClient(running.admin())
    try:
        cluster = admin.list_topics(timeout=_TIMEOUT_S)
        findings = [_cluster(running, cluster.cluster_id, len(cluster.brokers))]
        present = {name: len(topic.partitions) for name, topic in cluster.topics.items()}
        wanted = {physical(ledger, topic.name) for topic in TOPICS}
        if not wanted & present.keys():
            what = f"ledger {ledger} has none yet"
            return [
                *findings,
                note("topics", what, fix="interlock start (LIVE) or interlock demo makes them"),
            ]
        return [*findings, *_topics(admin, present, ledger), *_grants(present_grants(running), ledger)]
    except KafkaException as error:
        what = f"does not answer the admin: {error.args[0].str()}"
        return [
            fault("kafka", what, fix="read .interlock/logs/kafka-0.log; then interlock down, interlock up")
        ]


def _cluster(running: Running, cluster: str, brokers: int) -> Finding:
    if cluster != running.cluster:
        what = f"cluster {cluster} listens where {running.cluster} was started"
        return fault("kafka", what, fix="interlock down, then up: it takes free ports")
    if brokers != len(running.nodes):
        what = f"{brokers} of {len(running.nodes)} brokers are in the cluster"
        return fault("kafka", what, fix="interlock up starts the missing ones")
    return ok("kafka", f"cluster {cluster}, {brokers} broker(s) at {running.bootstrap_open}")


def _topics(admin: AdminClient, present: dict[str, int], ledger: LedgerName) -> list[Finding]:
    by_name = {physical(ledger, topic.name): topic for topic in TOPICS}
    findings = []
    if absent := by_name.keys() - present.keys():
        findings.append(fault("topics", f"missing: {some(absent)}", fix=_remake(ledger)))
    single = {name for name in by_name.keys() & present.keys() if not by_name[name].sharded}
    if split := {name for name in single if present[name] != 1}:
        findings.append(
            fault("topics", f"must have one partition: {some(split)}", fix="interlock up --fresh")
        )
    if len({present[name] for name in by_name.keys() & present.keys() - single}) > 1:
        what = "topics keyed by account differ in their number of partitions"
        findings.append(fault("topics", what, fix="start the ledger with one number of shards"))
    there = sorted(by_name.keys() & present.keys())
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in there])
    for resource, answer in asked.items():
        entries = answer.result(timeout=_TIMEOUT_S)
        wanted = topic_settings(by_name[resource.name])
        if wrong := [f"{key}={entries[key].value}" for key in wanted if entries[key].value != wanted[key]]:
            wish = ", ".join(f"{key}={wanted[key]}" for key in wanted if entries[key].value != wanted[key])
            findings.append(fault("topics", f"{resource.name} has {some(wrong)}", fix=f"set {wish}"))
    return findings or [ok("topics", f"all {len(by_name)} of ledger {ledger} as the table wants them")]


def _grants(present: Iterable[Grant], ledger: LedgerName) -> list[Finding]:
    wanted = grants(ledger)
    names = {physical(ledger, topic.name) for topic in TOPICS}
    # A principal that joined later has its own grants on proposals; what nobody but the table may say is who
    # writes facts: anything more on those topics is a hole in the wall.
    facts = {physical(ledger, topic.name) for topic in TOPICS if set(topic.writers) <= {"kernel", "executor"}}
    findings = []
    if absent := wanted - set(present):
        told = some(f"{grant.principal} {grant.right} {grant.name}" for grant in absent)
        findings.append(fault("acls", f"missing: {told}", fix=_remake(ledger)))
    extra = [grant for grant in set(present) - wanted if grant.kind is Kind.TOPIC and grant.name in names]
    for grant in sorted(grant for grant in extra if grant.name in facts):
        told = f"{grant.principal} may {grant.right} {grant.name}, which the table does not say"
        findings.append(fault("acls", told, fix="remove that ACL entry: only kernel space writes facts"))
    # Whoever ships with a contract is given a member's rights when a ledger is made: expected, not beyond.
    shipped = {user(each.agent_id) for each in contracts() if each.agent_id not in PRINCIPALS}
    others = {grant.principal for grant in extra if grant.name not in facts} - shipped
    for principal in sorted(others):
        told = some(f"{one.right} {one.name}" for one in extra if one.principal == principal)
        what = f"{principal}, beyond the table, may {told}"
        findings.append(note("acls", what, fix="nothing, if it is an agent of your own"))
    return findings or [ok("acls", f"all {len(wanted)} of ledger {ledger} as the table wants them")]


def _remake(ledger: LedgerName) -> str:
    return "interlock start makes what is missing" if ledger == LIVE else "interlock demo makes a new ledger"
