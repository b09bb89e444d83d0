"""What everybody else may know of an account: the view decisions rest on, hashed, and figures beside it."""

from __future__ import annotations

from dataclasses import replace

from kernel.folds.curbs import halted_instruments
from kernel.state.accounts import HASHES_KEPT, WHOLE, Account
from kernel.state.days import UTC_ZONE
from kernel.state.trading import severest
from kernel.state.whole import State
from ledger.hashes import tagged
from schemas.codec import encode
from schemas.models import (
    AccountView,
    AccountViewRecord,
    AgentStanding,
    Mark,
    Position,
    Standing,
    TradingState,
)


def renew(state: State, account: Account) -> None:
    """Raise the version when what is hashed has changed, and keep the hashes of the last views."""
    bare = view_of(state, account, version=0)
    content = encode(bare)
    if content == account.content:
        return
    account.content = content
    account.version += 1
    view = replace(bare, version=account.version)
    account.hashes[account.version] = tagged("interlock/1/account", encode(view))
    account.hashes.pop(account.version - HASHES_KEPT, None)


def view_of(state: State, account: Account, *, version: int) -> AccountView:
    """Cash, reservations, positions at cost, standing and trading state; no mark and no equity.

    An agent that is not named stands ACTIVE.
    """
    return AccountView(
        account=account.account,
        version=version,
        cash=account.cash,
        reserved_cash=account.reserved_cash,
        positions=tuple(
            Position(
                instrument=name,
                quantity=held.quantity,
                reserved=held.reserved,
                total_cost=held.total_cost,
                stop=held.stop,
                target_price=held.target_price,
            )
            for name, held in sorted(account.positions.items())
        ),
        standings=_standings(state, account),
        trading_state=_trading_state(state, account),
        halted_instruments=_halted(state, account),
        open_intents=len(account.orders),
        dirty=bool(account.dirty),
        mandates=tuple(
            each.view() for each in sorted(account.mandates.values(), key=lambda each: each.seq)
        ),  # oldest first: in that order children act under them
    )


def record_of(state: State, account: Account) -> AccountViewRecord:
    """The record for `accounts.view`."""
    view = view_of(state, account, version=account.version)
    start = account.day_starts.get(UTC_ZONE)
    marks = (state.core.marks.get(name) for name in sorted(account.exposed()))
    return AccountViewRecord(
        view=view,
        view_hash=account.hashes[account.version],
        equity=account.equity,
        peak=account.peak,
        day_start=account.equity if start is None else start.equity,
        deposits=account.deposits,
        realised=account.realised,
        fees=account.fees,
        marks=tuple(mark for mark in marks if isinstance(mark, Mark)),
        at=state.now,
    )


def _standings(state: State, account: Account) -> tuple[AgentStanding, ...]:
    everywhere = state.core.standings
    order = list(Standing)
    return tuple(
        AgentStanding(
            agent_id=name,
            standing=max(
                account.standings.get(name, Standing.ACTIVE),
                everywhere.get(name, Standing.ACTIVE),
                key=order.index,
            ),
        )
        for name in sorted(account.standings.keys() | everywhere.keys())
    )


def _trading_state(state: State, account: Account) -> TradingState:
    halted = TradingState.HALTED if WHOLE in account.halts else TradingState.ACTIVE
    ended = TradingState.TERMINATED if account.terminated else TradingState.ACTIVE
    words = [curbs[WHOLE].state for curbs in (state.core.curbs, account.curbs) if WHOLE in curbs]
    return severest([*words, halted, ended])


def _halted(state: State, account: Account) -> tuple[str, ...]:
    latched = {name for name in account.halts if name != WHOLE}
    return tuple(sorted(latched | halted_instruments(state, account)))
