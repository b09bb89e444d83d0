"""The documents a new ledger starts with, in the order in which they must be believed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.envelope import seal
from ledger.keys import KeyDocument
from ledger.signing import Signer
from rules.contract import Contract
from rules.contract_json import canonical, from_yaml
from rules.routing_table import RoutingTable, canonical_routing, routing_from_yaml
from schemas import avsc
from schemas.canonical import jcs
from schemas.kinds import Role
from schemas.models import DocumentKind, Envelope, Lane, RegistryDocument
from schemas.publish import Published

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "agents" / "contracts"
ROUTING = ROOT / "topologies" / "routing.yaml"
WEIGHTS = ROOT / "agents" / "model" / "weights" / "manifest.json"
ATTESTORS = ("heuristic",)
LAW = "2"
# Everything the gates take from no contract: one document, so that a change of law has a hash.
PARAMETERS = {"memory_horizon_s": 3600, "answer_grace_ms": 5000, "skew_ms": 5000}
INSTRUMENTS: tuple[Mapping[str, object], ...] = (
    {"instrument": "btc-usd", "tick": "0.01", "lot": "0.0001", "price_scale": 2, "quantity_scale": 4,
     "min_order": "0.0001"},
    {"instrument": "eth-usd", "tick": "0.01", "lot": "0.001", "price_scale": 2, "quantity_scale": 3,
     "min_order": "0.001"},
)  # fmt: skip
LOOP_ROLES = {
    "kernel-log": Role.KERNEL_LOG,
    "kernel-intent": Role.KERNEL_INTENT,
    "selector": Role.SELECTOR,
    "arbiter": Role.ARBITER,
    "executor": Role.EXECUTOR,
    "operator": Role.OPERATOR,
    "watch": Role.WATCH,
}


def contracts(folder: Path = CONTRACTS) -> list[Contract]:
    """Every contract written in a folder, by agent id. Raises ConfigError naming the field and the fix."""
    found = [from_yaml(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]
    return sorted(found, key=lambda contract: contract.agent_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a ledger may start with of its own: contracts by agent id, and the routing table."""

    contracts: Sequence[Contract]
    routing: RoutingTable

    @classmethod
    def shipped(cls) -> Released:
        """As written in this checkout. Raises ConfigError."""
        return cls(contracts=contracts(), routing=routing_from_yaml(ROUTING.read_text(encoding="utf-8")))


def signers_of(agents: Sequence[str], accounts: Sequence[str]) -> dict[str, tuple[Role, tuple[str, ...]]]:
    """Who needs a key besides ROOT and REGISTRY: role and what it is bound to."""
    named: dict[str, tuple[Role, tuple[str, ...]]] = {who: (role, ()) for who, role in LOOP_ROLES.items()}
    named |= {agent: (Role.AGENT, (agent,)) for agent in agents}
    named |= {attestor: (Role.ATTESTOR, (attestor,)) for attestor in ATTESTORS}
    named |= {f"principal-{account}": (Role.PRINCIPAL, (account,)) for account in accounts}
    return named


class Release:
    """Signs registry documents with growing serials; ``serial`` is the last one used."""

    def __init__(self, signer: Signer, serial: int = 0) -> None:
        self.signer, self.serial = signer, serial

    def sign(self, kind: DocumentKind, id_: str, version: str, body: bytes) -> tuple[bytes, Envelope]:
        """The record key and the signed document."""
        self.serial += 1
        document = RegistryDocument(kind=kind, id=id_, version=version, serial=self.serial, body=body)
        return f"{kind.value}/{id_}/{version}".encode(), seal(document, self.signer)

    def key(self, public: bytes, keyid: bytes, role: Role, bound: tuple[str, ...]) -> tuple[bytes, Envelope]:
        """A KEY document."""
        body = KeyDocument(public=public, role=role, bound=tuple(sorted(bound))).body()
        return self.sign(DocumentKind.KEY, keyid.hex(), "1", body)


def documents(
    root: Signer,
    registry: Signer,
    signers: Mapping[str, tuple[Signer, Role, tuple[str, ...]]],
    published: Sequence[Published],
    lanes: Sequence[Lane] = tuple(Lane),
    released: Released | None = None,
) -> Iterator[tuple[bytes, Envelope]]:
    """Record key and signed document of everything a new ledger starts with.

    A lane without workers gets no routes: its flows would wait for answers that nobody gives. like: accounts
    beyond those that contracts and routing name, each with one that it is granted and routed like.
    """
    yield Release(root).key(registry.public, registry.keyid, Role.REGISTRY, ())
    release = Release(registry)
    for who in sorted(signers):
        signer, role, bound = signers[who]
        yield release.key(signer.public, signer.keyid, role, bound)
    for each in published:
        yield release.sign(DocumentKind.SCHEMA, each.subject.name, "1", schema_body(each))
    rules = jcs({"law": LAW, "parameters": PARAMETERS})
    yield release.sign(DocumentKind.RULES, "law", LAW, rules)
    for instrument in INSTRUMENTS:
        yield release.sign(DocumentKind.INSTRUMENT, str(instrument["instrument"]), "1", jcs(instrument))
    released = Released.shipped() if released is None else released
    for contract in released.contracts:
        yield release.sign(DocumentKind.CONTRACT, contract.agent_id, contract.version, canonical(contract))
    table = replace(released.routing, rows=tuple(r for r in released.routing.rows if r.lane in lanes))
    yield release.sign(DocumentKind.ROUTING, "routing", table.version, canonical_routing(table))
    if WEIGHTS.exists():
        model = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        yield release.sign(DocumentKind.MODEL, "sovereign", "1", jcs(model))


def schema_body(each: Published) -> bytes:
    """The JSON of a SCHEMA document: where the shape lies in the registry, and the shape itself."""
    name = f"{avsc.NAMESPACE}.{each.subject.message}"
    return jcs(
        {
            "subject": each.subject.name,
            "registry_id": each.number,
            "sha256": avsc.digest(name).hex(),
            "schema": avsc.full(name),
        }
    )
