"""The routing table: which class of decision a signal is, and the road such decisions take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rules import yaml_text
from rules.config_error import ConfigError
from rules.contract_document import ID, Amount
from rules.wake_words import SIGNAL_KINDS
from schemas.canonical import jcs
from schemas.models import Lane, Urgency
from schemas.money import plain

Identifier = Annotated[str, StringConstraints(pattern=ID)]
Ids = Annotated[tuple[Identifier, ...], Field(max_length=64)]
Milliseconds = Annotated[int, Field(ge=1, le=86_400_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Match(_Strict):
    kinds: Annotated[tuple[str, ...], Field(min_length=1, max_length=6)]
    accounts: Ids = ()
    instruments: Ids = ()
    classes: Ids = ()
    flags_any: Ids = ()
    urgencies: tuple[Urgency, ...] = ()
    notional_min: Amount | None = None
    compliance: bool | None = None


class _Row(_Strict):
    row: Identifier
    precedence: Annotated[int, Field(ge=1, le=10_000)]
    match: _Match
    decision_class: Identifier
    lane: Lane
    accounts: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=64)]
    agents: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=16)]
    steps: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=16)]
    deadline_ms: Milliseconds
    expires_ms: Milliseconds
    why: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Table(_Strict):
    version: Annotated[str, StringConstraints(pattern=r"^[0-9.]{1,32}$")]
    rows: Annotated[tuple[_Row, ...], Field(min_length=1, max_length=256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a row asks of a signal; an empty list or None asks nothing. notional_min: USD, inclusive.

    compliance True: the signal must be flagged so, False: it must not.
    """

    kinds: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    flags_any: tuple[str, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    notional_min: Decimal | None = None
    compliance: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; of those that match, the lowest precedence decides (1 is first, each number stands once)."""

    row: str
    precedence: int
    match: Match
    decision_class: str
    lane: Lane
    accounts: tuple[str, ...]
    agents: tuple[str, ...]
    steps: tuple[str, ...]
    deadline_ms: int
    expires_ms: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTable:
    """The rows in order of precedence."""

    version: str
    rows: tuple[Row, ...]


def parse_routing(body: bytes) -> RoutingTable:
    """The table canonical bytes hold. Raises ConfigError on faults and on bytes that are not canonical."""
    table = _table(body)
    if canonical_routing(table) != body:
        raise ConfigError(
            "document", "not its own canonical JSON", "write it with rules.routing.canonical_routing"
        )
    return table


def routing_from_yaml(text: str) -> RoutingTable:
    """The table a YAML text holds. Raises ConfigError."""
    return routing_from_json(json.dumps(yaml_text.load(text)).encode())


def routing_from_json(body: bytes) -> RoutingTable:
    """The table a JSON text holds, canonical or not. Raises ConfigError."""
    return _table(body)


def canonical_routing(table: RoutingTable) -> bytes:
    """RFC 8785 bytes with every field spelled out: what the routing hash of a flow is taken over."""
    return jcs({"version": table.version, "rows": [_plain_row(row) for row in table.rows]})


def _table(body: bytes) -> RoutingTable:
    if len(body) > yaml_text.BYTES_MAX:
        raise ConfigError("document", f"more than {yaml_text.BYTES_MAX} bytes", "shorten it")
    try:
        document = _Table.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "document"
        raise ConfigError(field, first["msg"], "see topologies/routing.yaml") from None
    rows = tuple(_row(row) for row in sorted(document.rows, key=lambda row: row.precedence))
    _lint(rows)
    return RoutingTable(version=document.version, rows=rows)


def _row(document: _Row) -> Row:
    taken = {name: getattr(document, name) for name in _Row.model_fields if name != "match"}
    return Row(**taken, match=Match(**document.match.model_dump()))


def _lint(rows: tuple[Row, ...]) -> None:
    for name, values in (
        ("precedence", [row.precedence for row in rows]),
        ("row", [row.row for row in rows]),
    ):
        if len(set(values)) != len(values):
            raise ConfigError(f"rows.{name}", "a value stands twice", "give each row its own")
    for row in rows:
        unknown = sorted(set(row.match.kinds) - set(SIGNAL_KINDS))
        if unknown:
            raise ConfigError(
                f"rows.{row.row}.match.kinds", f"unknown kind {unknown[0]!r}", f"{SIGNAL_KINDS}"
            )
        if row.deadline_ms >= row.expires_ms:
            raise ConfigError(
                f"rows.{row.row}.deadline_ms", "not before expires_ms", "let persons have time too"
            )


def _plain_row(row: Row) -> dict[str, object]:
    match = row.match
    return {
        "row": row.row,
        "precedence": row.precedence,
        "match": {
            "kinds": match.kinds,
            "accounts": match.accounts,
            "instruments": match.instruments,
            "classes": match.classes,
            "flags_any": match.flags_any,
            "urgencies": match.urgencies,
            "notional_min": None if match.notional_min is None else plain(match.notional_min),
            "compliance": match.compliance,
        },
        "decision_class": row.decision_class,
        "lane": row.lane.value,
        "accounts": row.accounts,
        "agents": row.agents,
        "steps": row.steps,
        "deadline_ms": row.deadline_ms,
        "expires_ms": row.expires_ms,
        "why": row.why,
    }
