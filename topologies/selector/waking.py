"""Whom a trigger wakes: as contracts name, wake expressions ask and budgets leave, and every veto."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from schemas.models import InstrumentView, Lane, Standing
from schemas.money import plain
from topologies.selector.accounts import Accounts
from topologies.selector.bounds import SECOND_US, WOKEN_MAX
from topologies.selector.directory import Grant

ASLEEP = (Standing.SUSPENDED, Standing.RETIRED)  # nothing they say can pass
FIGURES = ("last", "mid", "spread_bps", "sma", "ema", "rsi", "atr", "volatility", "drawdown")
RETURNS = {60: "return_1m", 300: "return_5m", 900: "return_15m", 3600: "return_60m"}
Values = Mapping[str, Decimal | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One account asked about one trigger on one lane; ``agents`` are those the routing row names."""

    account: str
    lane: Lane
    kind: str
    instrument: str
    agents: tuple[str, ...]
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Asleep:
    """An agent not woken, the predicate that kept it asleep and its figures as plain text."""

    agent_id: str
    predicate: str
    measured: str = ""
    threshold: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whom to wake (none: no flow), by priority and id, and who stays asleep and why."""

    woken: tuple[Grant, ...]
    asleep: tuple[Asleep, ...]


def wake_values(view: InstrumentView, *, kind: str, held: Decimal, notional_usd: Decimal | None) -> Values:
    """What a wake expression may name, from the instrument as it stands; absent figures are unknown.

    ``held`` is the account's quantity.
    """
    returns = {each.window_s: each.value for each in view.returns}
    return {
        **{name: getattr(view, name) for name in FIGURES},
        **{name: returns.get(seconds) for seconds, name in RETURNS.items()},
        "held": held,
        "kind": kind,
        "notional_usd": notional_usd,
    }


def choose(asked: Asked, grants: Mapping[str, Grant], accounts: Accounts, now: int) -> Choice:
    """Evaluate every candidate. If anyone wakes, every veto agent of lane and account wakes too."""
    woken: list[Grant] = []
    asleep: list[Asleep] = []
    for agent_id in sorted(set(asked.agents)):
        grant = grants.get(agent_id)
        reason = _no_contract(agent_id) if grant is None else _asleep(asked, grant, accounts, now)
        if reason is not None:
            asleep.append(reason)
        elif grant is not None:
            woken.append(grant)
    if not woken:
        return Choice(woken=(), asleep=tuple(asleep))
    chosen = {each.contract.agent_id: each for each in (*woken, *_vetoes(asked, grants))}
    asleep = [each for each in asleep if each.agent_id not in chosen]
    ordered = sorted(chosen.values(), key=_veto_first)
    asleep += [Asleep(agent_id=each.contract.agent_id, predicate="woken_max") for each in ordered[WOKEN_MAX:]]
    return Choice(woken=tuple(sorted(ordered[:WOKEN_MAX], key=_by_priority)), asleep=tuple(asleep))


def _vetoes(asked: Asked, grants: Mapping[str, Grant]) -> Iterable[Grant]:
    """Not only the row's: a routing row that forgets a veto must not escape it."""
    return (each for each in grants.values() if each.contract.veto and _has_ground(asked, each))


def _has_ground(asked: Asked, grant: Grant) -> bool:
    return asked.lane in grant.contract.topologies and asked.account in grant.contract.accounts


def _veto_first(grant: Grant) -> tuple[bool, int, str]:
    return not grant.contract.veto, grant.contract.priority, grant.contract.agent_id


def _by_priority(grant: Grant) -> tuple[int, str]:
    return grant.contract.priority, grant.contract.agent_id


def _no_contract(agent_id: str) -> Asleep:
    return Asleep(agent_id=agent_id, predicate="no contract")


def _asleep(asked: Asked, grant: Grant, accounts: Accounts, now: int) -> Asleep | None:
    """Why this agent is not woken, or None; absent permission is refusal."""
    contract = grant.contract
    agent_id = contract.agent_id
    for predicate, holds in (
        ("topologies", asked.lane in contract.topologies),
        ("accounts", asked.account in contract.accounts),
        ("inputs.signal_kinds", asked.kind in contract.inputs.signal_kinds),
        ("inputs.instruments", asked.instrument in contract.inputs.instruments),
    ):
        if not holds:
            return Asleep(agent_id=agent_id, predicate=predicate)
    standing = accounts.standing(asked.account, agent_id)
    if standing in ASLEEP:
        return Asleep(agent_id=agent_id, predicate=f"standing {standing.value}")
    budget = contract.budget
    spent = accounts.proposals_since(asked.account, agent_id, now - budget.window_s * SECOND_US)
    if spent >= budget.proposals_per_window:
        return Asleep(
            agent_id=agent_id,
            predicate="budget.proposals_per_window",
            measured=str(spent),
            threshold=str(budget.proposals_per_window),
        )
    return _wake(agent_id, grant, asked.values)


def _wake(agent_id: str, grant: Grant, values: Values) -> Asleep | None:
    found = grant.wake.evaluate(values)
    if found.woken:
        return None
    unknown = f" (unknown: {', '.join(found.unknown)})" if found.unknown else ""
    return Asleep(
        agent_id=agent_id,
        predicate=found.predicate + unknown,
        measured="" if found.measured is None else plain(found.measured),
        threshold="" if found.threshold is None else plain(found.threshold),
    )
