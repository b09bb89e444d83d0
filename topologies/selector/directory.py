"""What is in force as the selector reads it: contracts and their wakes, routing, rules, instruments."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.registry import Registry, RegistryRefused
from rules.config_error import ConfigError
from rules.contract import Contract
from rules.contract_json import parse
from rules.routing import Route, RoutingTable, SignalFacts, parse_routing, route
from rules.wake import Expression
from rules.wake import parse as parse_wake
from schemas.codec import Unreadable, decode
from schemas.models import DocumentKind, Envelope
from schemas.wire import PREFIX
from transport.log import Record

RULES_ID = "law"
ROUTING_ID = "routing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One contract version in force, with H_contract and its parsed wake expression."""

    contract: Contract
    contract_hash: bytes
    wake: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The routing table in force and the hash flows name it by."""

    table: RoutingTable
    digest: bytes


class Directory:
    """The registry folded by topic offset. The kernel writes down what it refuses; here it is counted."""

    def __init__(self, root_public: bytes) -> None:
        self.registry = Registry(root_public)
        self.grants: dict[str, Grant] = {}
        self.routing: Routing | None = None
        self.rules_hash: bytes | None = None
        self.instruments: frozenset[str] = frozenset()

    def fold(self, record: Record) -> bool:
        """Take one record of topic ``registry``; whether it was taken."""
        value = record.value
        if value is None or len(value) < PREFIX.size or value[0] != 0:
            return False
        try:  # the topic holds one type, whose id only its own records could teach
            document = self.registry.fold(record.offset + 1, decode(Envelope, value[PREFIX.size :]))
            self._take(document.kind, document.id)
        except (Unreadable, RegistryRefused, ConfigError):
            return False
        return True

    def route(self, facts: SignalFacts) -> Route | None:
        """The route of what is known of a trigger; None when no row matches or no table is in force."""
        return None if self.routing is None else route(self.routing.table, facts)

    def max_attempts(self, agent_id: str | None) -> int:
        """Attempts the agent's newest contract allows a flow; without a contract none beyond the first."""
        grant = None if agent_id is None else self.grants.get(agent_id)
        return 1 if grant is None else grant.contract.max_attempts

    def _take(self, kind: DocumentKind, id_: str) -> None:
        granted = self.registry.granted(kind, id_)
        assert granted is not None, "it was folded a moment ago"
        match kind:
            case DocumentKind.CONTRACT:
                contract = parse(granted.document.body)
                self.grants[contract.agent_id] = Grant(
                    contract=contract, contract_hash=granted.digest, wake=parse_wake(contract.wake)
                )
            case DocumentKind.ROUTING if id_ == ROUTING_ID:
                self.routing = Routing(table=parse_routing(granted.document.body), digest=granted.digest)
            case DocumentKind.RULES if id_ == RULES_ID:
                self.rules_hash = granted.digest
            case DocumentKind.INSTRUMENT:
                self.instruments |= {id_}
            case _:
                pass
