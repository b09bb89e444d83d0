"""More paper accounts than the contracts name: each is granted and routed what a shipped one is.

The demo alone makes them. Whoever opens an account of his own writes it into contracts and routing table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from interlock.grants import Released
from rules.contract import Contract
from rules.routing_table import RoutingTable

Alike = Mapping[str, str]  # account -> the shipped account that it is treated like


def alike(count: int, shipped: Sequence[str]) -> dict[str, str]:
    """paper-1 … paper-``count``, each beyond the shipped ones like one of them in turn."""
    names = (f"paper-{number}" for number in range(len(shipped) + 1, count + 1))
    return {name: shipped[number % len(shipped)] for number, name in enumerate(names)}


def released_alike(like: Alike) -> Released:
    """What is shipped, widened. Raises ConfigError."""
    shipped = Released.shipped()
    return Released(
        contracts=[widened(each, like) for each in shipped.contracts],
        routing=widened_table(shipped.routing, like),
    )


def widened(contract: Contract, like: Alike) -> Contract:
    """The contract, also for the accounts that are like one it names."""
    return replace(contract, accounts=_with(contract.accounts, like))


def widened_table(table: RoutingTable, like: Alike) -> RoutingTable:
    """The routing table, likewise."""
    return replace(table, rows=tuple(replace(row, accounts=_with(row.accounts, like)) for row in table.rows))


def _with(accounts: tuple[str, ...], like: Alike) -> tuple[str, ...]:
    return (*accounts, *(name for name, shipped in like.items() if shipped in accounts))
