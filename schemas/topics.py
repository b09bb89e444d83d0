"""The one table of topics: creation, ACLs, docs and tests come from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

KIB = 1024
SMALL = 16 * KIB
MEDIUM = 96 * KIB
LARGE = KIB * KIB
DAY_MS = 86_400_000
ANYONE = ("*",)
MESH = ("risk", "strategy", "sentiment")
ATTESTORS = ("heuristic",)
AGENTS = (*MESH, "sovereign", "prover")
LOOPS = ("selector", "arbiter", "kernel", "executor")
THINKERS = (*AGENTS, *ATTESTORS)


class Cleanup(StrEnum):
    """What Kafka may remove."""

    DELETE = "delete"
    COMPACT = "compact"
    NEVER = "never"  # delete policy with no limit: the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic: base name, what its key is, the message its values hold and who may touch it."""

    name: str
    key: str
    value: str  # message name in schemas/avro, or 'bytes' for a processor's own state
    writers: tuple[str, ...]
    readers: tuple[str, ...] = ANYONE
    sharded: bool = True  # partition = shard; otherwise one partition, read whole by every shard
    cleanup: Cleanup = Cleanup.DELETE
    retention_ms: int = 7 * DAY_MS
    bytes_max: int = 256 * KIB


def _state(processor: str) -> Topic:
    return Topic(
        name=f"{processor}.state",
        key="bucket",
        value="bytes",
        writers=(processor,),
        readers=(processor, "console"),  # `why signal` is answered from it
        cleanup=Cleanup.COMPACT,
        bytes_max=LARGE,
    )


TOPICS: tuple[Topic, ...] = (
    Topic(name="market.signals", key="instrument", value="MarketSignal", writers=("anonymous", "feeder"),
          sharded=False, bytes_max=SMALL),
    Topic(name="clock", key="ledger", value="ClockTick", writers=("feeder",), sharded=False, bytes_max=KIB),
    Topic(name="instructions", key="account", value="InstructionRecord", writers=("feeder", "console"),
          bytes_max=SMALL),
    Topic(name="flows.eoam", key="account", value="FlowRecord", writers=("selector",), bytes_max=64 * KIB),
    Topic(name="flows.sds", key="account", value="FlowRecord", writers=("selector",), bytes_max=64 * KIB),
    Topic(name="flows.dlpci", key="account", value="FlowRecord", writers=("selector",), bytes_max=64 * KIB),
    Topic(name="mesh.proposals", key="account", value="Envelope", writers=MESH, bytes_max=SMALL),
    Topic(name="evidence.requests", key="account", value="EvidenceRequest", writers=("prover",),
          bytes_max=MEDIUM),
    Topic(name="evidence.attestations", key="account", value="AttestationRecord", writers=ATTESTORS,
          bytes_max=MEDIUM),
    Topic(name="proposals", key="account", value="Proposal", writers=("sovereign", "arbiter", "selector"),
          bytes_max=256 * KIB),
    Topic(name="human.decisions", key="account", value="Envelope", writers=("console",), bytes_max=SMALL),
    Topic(name="control", key="scope", value="Envelope", writers=("console", "watch", "feeder"),
          sharded=False,
          retention_ms=3650 * DAY_MS, bytes_max=SMALL),
    Topic(name="registry", key="kind + id + version", value="Envelope", writers=("release",), sharded=False,
          cleanup=Cleanup.COMPACT),
    Topic(name="agents.manifest", key="agent", value="Envelope", writers=THINKERS, sharded=False,
          cleanup=Cleanup.COMPACT,
          bytes_max=SMALL),
    Topic(name="agents.state", key="agent", value="AgentState", writers=THINKERS, sharded=False,
          cleanup=Cleanup.COMPACT,
          bytes_max=SMALL),
    Topic(name="kernel.verdicts", key="account", value="VerdictRecord", writers=("kernel",)),
    Topic(name="kernel.intents", key="account", value="Envelope", writers=("kernel",), bytes_max=SMALL),
    Topic(name="venue.receipts", key="account", value="Envelope", writers=("executor",), bytes_max=SMALL),
    Topic(name="accounts.view", key="account", value="AccountViewRecord", writers=("kernel",),
          cleanup=Cleanup.COMPACT),
    Topic(name="kernel.ledger", key="none", value="Entry", writers=("kernel",), cleanup=Cleanup.NEVER,
          bytes_max=LARGE),
    Topic(name="escalations", key="account", value="Escalation", writers=("kernel",)),
    Topic(name="explanations", key="dfid + step + attempt + signer", value="Explanation",
          writers=(*THINKERS, "console", "kernel"), cleanup=Cleanup.COMPACT, bytes_max=SMALL),
    *(_state(processor) for processor in LOOPS),
    Topic(name="quarantine", key="source", value="Quarantined", writers=(*LOOPS, *THINKERS), bytes_max=LARGE),
    Topic(name="evidence.policy", key="policy id", value="EvidencePolicy", writers=("release",),
          sharded=False,
          cleanup=Cleanup.COMPACT),
)  # fmt: skip

BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}


def partitions(topic: Topic, shards: int) -> int:
    """How many partitions the topic has in a ledger of ``shards`` shards."""
    return shards if topic.sharded else 1
