"""HALT, REDUCE and RESUME: an operator's word on the narrowest scope it names, and its end by the clock."""

from __future__ import annotations

from kernel.state.accounts import WHOLE, Account
from kernel.state.trading import FOREVER, Curb, laid_upon
from kernel.state.whole import State
from schemas.models import Control, Lane, TradingState, Verb

WANTED = {
    Verb.HALT: TradingState.HALTED,
    Verb.REDUCE: TradingState.REDUCING,
    Verb.RESUME: TradingState.ACTIVE,
}
LANE = "lane/"
INSTRUMENT = "instrument/"


def fold_trading(state: State, command: Control) -> None:
    """Lay or lift a curb; a RESUME also lifts the agents' halts of exactly its scope."""
    curbs, scope = curbs_of(state, command)
    wanted = WANTED[command.verb]
    if wanted is TradingState.ACTIVE:
        curbs.pop(scope, None)
    else:
        curbs[scope] = laid_upon(curbs.get(scope), wanted, until_of(command))
    if command.account is None:
        _everybody(state)
        return
    account = state.accounts[command.account]
    if wanted is TradingState.ACTIVE:
        account.halts.pop(scope, None)
    _index(state, account)
    state.touch(account.account)


def until_of(command: Control) -> int:
    """When the word ends, micros UTC."""
    return FOREVER if command.expires_at is None else command.expires_at


def curbs_of(state: State, command: Control) -> tuple[dict[str, Curb], str]:
    """The map and the key in it that a command speaks of: of an account, or of everybody."""
    if command.account is not None:
        return state.accounts[command.account].curbs, command.instrument or WHOLE
    if command.instrument is not None:
        return state.core.curbs, INSTRUMENT + command.instrument
    return state.core.curbs, WHOLE if command.lane is None else LANE + command.lane.value


def states_on(state: State, account: Account, lane: Lane, instrument: str | None) -> list[TradingState]:
    """What operators say of an order's account, instrument and lane, and of everything."""
    core, own = state.core.curbs, account.curbs
    found = [core.get(WHOLE), core.get(LANE + lane.value), own.get(WHOLE)]
    if instrument is not None:
        found += [core.get(INSTRUMENT + instrument), own.get(instrument)]
    return [curb.state for curb in found if curb is not None]


def halted_instruments(state: State, account: Account) -> set[str]:
    """Instruments that operators halted, on this account or everywhere."""
    own = {name for name, curb in account.curbs.items() if curb.state is TradingState.HALTED}
    everywhere = {
        name.removeprefix(INSTRUMENT)
        for name, curb in state.core.curbs.items()
        if name.startswith(INSTRUMENT) and curb.state is TradingState.HALTED
    }
    return (own | everywhere) - {WHOLE}


def something_ends(state: State, now: int) -> bool:
    """Whether a word or an agent's halt is over at ``now``."""
    if any(curb.until <= now for curb in state.core.curbs.values()):
        return True
    accounts = (state.accounts[name] for name in state.halted)
    return any(
        any(until <= now for until in account.halts.values())
        or any(curb.until <= now for curb in account.curbs.values())
        for account in accounts
    )


def end_curbs(state: State) -> None:
    """Let go of what is over at the batch's time."""
    if _ended(state.core.curbs, state.now):
        _everybody(state)
    for name in sorted(state.halted):
        account = state.accounts[name]
        over = [scope for scope, until in account.halts.items() if until <= state.now]
        for scope in over:
            del account.halts[scope]
        if _ended(account.curbs, state.now) or over:
            state.touch(name)
        _index(state, account)


def _ended(curbs: dict[str, Curb], now: int) -> bool:
    over = [scope for scope, curb in curbs.items() if curb.until <= now]
    for scope in over:
        left = curbs.pop(scope).after(now)
        if left is not None:
            curbs[scope] = left
    return bool(over)


def _index(state: State, account: Account) -> None:
    if account.curbed:
        state.halted.add(account.account)
    else:
        state.halted.discard(account.account)


def _everybody(state: State) -> None:
    for name in state.accounts:
        state.touch(name)
