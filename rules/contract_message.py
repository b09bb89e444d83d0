"""Grants as messages: one Avro shape for each signed JSON document, and the way there and back.

What is hashed and signed stays the canonical JSON; the message is the same document, so both ways go through
the JSON's own reader and writer, and a field that only one of the two shapes knows is refused by name.
"""

from __future__ import annotations

import json

from rules.contract import Contract
from rules.contract_json import canonical, from_json
from rules.routing_table import RoutingTable, canonical_routing, routing_from_json
from schemas import models
from schemas.canonical import jcs
from schemas.plain import from_plain, to_plain


def contract_message(contract: Contract) -> models.ResponsibilityContract:
    """The message of a contract. Raises NotPlain on a field or word that its schema does not know."""
    return from_plain(models.ResponsibilityContract, json.loads(canonical(contract)))


def contract_of(message: models.ResponsibilityContract) -> Contract:
    """The contract a message holds. Raises ConfigError naming field and fix, as when it is read from YAML."""
    return from_json(json.dumps(to_plain(message)).encode())


def routing_message(table: RoutingTable) -> models.RoutingTable:
    """The message of a routing table. Raises NotPlain on a field or word that its schema does not know."""
    return from_plain(models.RoutingTable, json.loads(canonical_routing(table)))


def routing_of(message: models.RoutingTable) -> RoutingTable:
    """The routing table a message holds. Raises ConfigError."""
    return routing_from_json(json.dumps(to_plain(message)).encode())


def rules_message(body: bytes) -> models.RuleSet:
    """The message of a RULES document's canonical JSON, {law, parameters}. Raises NotPlain."""
    read = json.loads(body)
    named = [{"name": name, "value": value} for name, value in sorted(read["parameters"].items())]
    return from_plain(models.RuleSet, {"law": read["law"], "parameters": named})


def rules_body(message: models.RuleSet) -> bytes:
    """The canonical JSON that H_rules is taken over."""
    return jcs({"law": message.law, "parameters": {each.name: each.value for each in message.parameters}})
