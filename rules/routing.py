"""Which road a signal takes: by its class, never by its content, and with the reason why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rules.routing_table import Match, RoutingTable, Row, canonical_routing, parse_routing, routing_from_yaml
from schemas.models import (
    Bar,
    Instruction,
    Lane,
    MarketSignal,
    News,
    Quote,
    Timer,
    Trade,
    Urgency,
)

__all__ = [
    "Match", "Route", "RoutingTable", "Row", "SignalFacts", "Tried", "canonical_routing", "explain",
    "facts_of_instruction", "facts_of_signal", "kind_of", "parse_routing", "route", "routing_from_yaml",
]  # fmt: skip

COMPLIANCE_FLAG = "compliance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFacts:
    """All that routing may look at; account and decision_class are an instruction's, notional in USD."""

    kind: str
    instrument: str
    account: str | None = None
    decision_class: str | None = None
    flags: tuple[str, ...] = ()
    urgency: Urgency | None = None
    notional_usd: Decimal | None = None
    compliance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The row that decided, narrowed to the accounts this signal concerns; times in milliseconds."""

    row: str
    decision_class: str
    lane: Lane
    accounts: tuple[str, ...]
    agents: tuple[str, ...]
    steps: tuple[str, ...]
    deadline_ms: int
    expires_ms: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One row looked at: the field in which it did not match, None when it matched."""

    row: str
    differs: str | None


def route(table: RoutingTable, facts: SignalFacts) -> Route | None:
    """The route of the matching row of lowest precedence, None when none matches."""
    for row in table.rows:
        if _differs(row, facts) is None:
            return _route(row, facts)
    return None


def explain(table: RoutingTable, facts: SignalFacts) -> tuple[Tried, ...]:
    """The rows looked at, in order of precedence, up to the one that matched."""
    tried: list[Tried] = []
    for row in table.rows:
        tried.append(Tried(row=row.row, differs=_differs(row, facts)))
        if tried[-1].differs is None:
            break
    return tuple(tried)


def kind_of(body: Quote | Trade | Bar | News | Timer) -> str:
    """The signal kind of a market signal's body, as contracts and routing spell it."""
    return type(body).__name__.upper()


def facts_of_signal(signal: MarketSignal) -> SignalFacts:
    """What routing may know of a market signal."""
    return SignalFacts(
        kind=kind_of(signal.body),
        instrument=signal.instrument,
        flags=signal.flags,
        urgency=signal.urgency,
        notional_usd=signal.notional_usd,
        compliance=COMPLIANCE_FLAG in signal.flags,
    )


def facts_of_instruction(instruction: Instruction) -> SignalFacts:
    """What routing may know of an instruction."""
    return SignalFacts(
        kind="INSTRUCTION",
        instrument=instruction.instrument,
        account=instruction.account,
        decision_class=instruction.decision_class,
        urgency=instruction.urgency,
        notional_usd=instruction.notional_usd,
        compliance=instruction.compliance,
    )


def _differs(row: Row, facts: SignalFacts) -> str | None:
    """The first field of ``row`` that asks for something else than ``facts`` hold."""
    match, minimum = row.match, row.match.notional_min
    met = (
        ("kind", facts.kind in match.kinds),
        ("compliance", match.compliance is None or match.compliance == facts.compliance),
        ("class", not match.classes or facts.decision_class in match.classes),
        ("account", not match.accounts or facts.account in match.accounts),
        ("account", facts.account is None or facts.account in row.accounts),
        ("instrument", not match.instruments or facts.instrument in match.instruments),
        ("flags", not match.flags_any or not set(match.flags_any).isdisjoint(facts.flags)),
        ("urgency", not match.urgencies or facts.urgency in match.urgencies),
        ("notional", minimum is None or _reaches(facts.notional_usd, minimum)),
    )
    return next((field for field, is_met in met if not is_met), None)


def _reaches(notional: Decimal | None, minimum: Decimal) -> bool:
    return notional is not None and notional.is_finite() and notional >= minimum


def _route(row: Row, facts: SignalFacts) -> Route:
    return Route(
        row=row.row,
        decision_class=row.decision_class,
        lane=row.lane,
        accounts=row.accounts if facts.account is None else (facts.account,),
        agents=row.agents,
        steps=row.steps,
        deadline_ms=row.deadline_ms,
        expires_ms=row.expires_ms,
        why=row.why,
    )
