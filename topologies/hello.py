"""A worker's hello: which agent it is, under which contract version, and what it can say."""

from __future__ import annotations

from agents.answers import kind_of
from ledger.registry import Granted
from rules.contract_json import parse
from schemas.majors import SCHEMA_MAJORS
from schemas.models import Manifest
from transport.log import Produce


def manifest_of(
    ledger: bytes,
    granted: Granted,
    at: int,
    *,
    model_hash: bytes | None = None,
    grammar_hash: bytes | None = None,
) -> Manifest:
    """The hello under one released contract; ``at`` in micros UTC."""
    contract = parse(granted.document.body)
    kinds = sorted({kind_of(lane) for lane in contract.topologies} & set(contract.outputs))
    return Manifest(
        ledger=ledger,
        agent_id=contract.agent_id,
        contract_version=contract.version,
        contract_hash=granted.digest,
        schema_majors=SCHEMA_MAJORS,
        policy_types=tuple(kinds),
        model_hash=model_hash,
        grammar_hash=grammar_hash,
        at=at,
    )


def for_agent(topic: str, agent_id: str, value: bytes) -> Produce:
    """A record on a topic that is keyed by agent and read whole by everyone."""
    return Produce(topic=topic, partition=0, key=agent_id.encode(), value=value)
