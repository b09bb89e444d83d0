"""The simulated ledger's papers: keys, contracts whose every branch is near, and short deadlines."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

from interlock.grants import ROUTING, documents
from kernel.state.whole import Identity
from ledger.envelope import opened, seal
from ledger.hashes import contract_hash
from ledger.signing import Signer
from rules.contract import Compensation, Contract
from rules.contract_json import canonical
from rules.routing_table import canonical_routing, routing_from_yaml
from schemas.codec import encode
from schemas.kinds import Role
from schemas.majors import SCHEMA_MAJORS
from schemas.models import Action, DocumentKind, Envelope, Manifest, RegistryDocument
from schemas.publish import Published
from schemas.subjects import subjects
from schemas.topics import TOPICS, partitions
from schemas.wire import PREFIX, SchemaIds
from tests.build import LEDGER, ROLES, granted, numbers, signer

NOON = 1_504_526_400_000_000
SECOND = 1_000_000
ACCOUNTS = ("paper-1", "paper-2")
INSTRUMENTS = ("btc-usd", "eth-usd")
OPERATOR_NAME = "interlock.simulation"
COMPENSATIONS = {"strategy": Compensation.REVERT, "sovereign": Compensation.CLOSE_ALL}
FRAMED = (
    "AccountViewRecord", "AttestationRecord", "Envelope", "Escalation", "EvidenceRequest", "Explanation",
    "FlowRecord", "InstructionRecord", "MarketSignal", "Proposal", "Quarantined", "VerdictRecord",
)  # fmt: skip
TOPIC_COUNTS = {topic.name: partitions(topic, 1) for topic in TOPICS}
BYTES_MAX = {topic.name: topic.bytes_max for topic in TOPICS}


@functools.cache
def contracts() -> dict[str, Contract]:
    """The shipped contracts, woken by everything, with escalation, exhaustion and CANCEL within reach."""
    found = {}
    for each in granted():
        changed: dict[str, Any] = {"wake": "", "max_attempts": 2}
        if each.agent_id == "risk":
            changed["halt_ttl_s"] = 8
        if each.agent_id in ("strategy", "sovereign"):
            forbidden = tuple(action for action in each.forbidden_actions if action is not Action.CANCEL)
            changed |= {
                "allowed_actions": (*each.allowed_actions, Action.CANCEL),
                "forbidden_actions": forbidden,
                "compensation": COMPENSATIONS[each.agent_id],
            }
        if each.agent_id == "sentiment":
            changed["budget"] = replace(each.budget, proposals_per_window=2)
        found[each.agent_id] = replace(each, **changed)
    return found


@functools.cache
def release() -> tuple[tuple[bytes, bytes], ...]:
    """Record keys and framed values of topic `registry`."""
    framed_ones = {each.message: each for each in subjects() if each.message in FRAMED}
    published = [Published(subject=each, number=numbers()[name]) for name, each in framed_ones.items()]
    held: dict[str, tuple[Signer, Role, tuple[str, ...]]] = {
        who: (signer(who), role, ()) for who, role in ROLES.items()
    }
    held |= {agent: (signer(agent), Role.AGENT, (agent,)) for agent in contracts()}
    held["heuristic"] = (signer("heuristic"), Role.ATTESTOR, ("heuristic",))
    held |= {f"principal-{name}": (principal(name), Role.PRINCIPAL, (name,)) for name in ACCOUNTS}
    found = []
    for key, envelope in documents(signer("root"), signer("registry"), held, published):
        document = opened(envelope, RegistryDocument)
        body = _changed(document)
        sealed = envelope if body is None else seal(replace(document, body=body), signer("registry"))
        found.append((key, framed(sealed)))
    return tuple(found)


def principal(account: str) -> Signer:
    """The key that signs an account's instructions."""
    return signer(f"principal-{account}")


def identity() -> Identity:
    """What the kernel is told."""
    return Identity(
        name="simulation", ledger=LEDGER, operator=OPERATOR_NAME, clock="TAPE", shards=1,
        root=signer("root").public, shard=0,
    )  # fmt: skip


def framed(message: object) -> bytes:
    """The wire bytes of a message."""
    return PREFIX.pack(0, numbers()[type(message).__name__]) + encode(message)


@functools.cache
def ids() -> SchemaIds:
    """Schema ids as the registry topic releases them."""
    from schemas import avsc

    return SchemaIds(ids={number: avsc.digest(f"interlock.{name}") for name, number in numbers().items()})


def hello(agent: str, at: int) -> Envelope:
    """A worker's signed manifest."""
    contract = contracts()[agent]
    manifest = Manifest(
        ledger=LEDGER, agent_id=agent, contract_version=contract.version,
        contract_hash=contract_hash(canonical(contract)), schema_majors=SCHEMA_MAJORS,
        policy_types=contract.outputs, at=at,
    )  # fmt: skip
    return seal(manifest, signer(agent))


def _changed(document: RegistryDocument) -> bytes | None:
    if document.kind is DocumentKind.CONTRACT:
        return canonical(contracts()[document.id])
    if document.kind is DocumentKind.ROUTING:
        table = routing_from_yaml(ROUTING.read_text(encoding="utf-8"))
        rows = tuple(replace(row, deadline_ms=4_000, expires_ms=40_000) for row in table.rows)
        return canonical_routing(replace(table, rows=rows))
    return None
