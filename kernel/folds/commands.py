"""A CONTROL entry does what an operator (or, to tighten only, the watch) has signed."""

from __future__ import annotations

from typing import assert_never

from kernel import exact, opening
from kernel.folds.batches import revalue
from kernel.folds.receipts import release
from kernel.state.accounts import WHOLE, Account, DayStart
from kernel.state.standing import tightened
from kernel.state.whole import State
from schemas.models import Control, ControlEntry, FlowStatus, Standing, TradingState, Verb

CONTROL_TOPIC = "control"


def fold_control(state: State, entry: ControlEntry) -> None:
    """Fold a signed command; one that was not accepted leaves everything as it was."""
    if not entry.accepted:
        return
    command = opening.surely(entry.command, Control)
    for signature in entry.command.signatures:
        state.core.serials[(CONTROL_TOPIC, signature.keyid)] = command.serial
    match command.verb:
        case Verb.OPEN | Verb.FUND | Verb.WITHDRAW | Verb.CLOSE:
            _money(state, command)
        case Verb.SETTLE:
            _settle(state, command)
        case Verb.HALT | Verb.REDUCE | Verb.RESUME:
            _trading(state, command)
        case Verb.SUSPEND | Verb.RETIRE | Verb.RESET:
            _standing(state, command)
        case Verb.CLEAR:
            _clear(state, command)
        case Verb.SKIP:
            assert command.topic is not None
            assert command.partition is not None
            assert command.offset is not None
            state.core.skips.add((command.topic, command.partition, command.offset))
        case Verb.ERASE:
            pass  # the text goes from its own topic; its commitment stays
        case never:
            assert_never(never)


def _money(state: State, command: Control) -> None:
    assert command.account is not None
    amount = command.amount or exact.ZERO
    if command.verb is Verb.OPEN:
        account = Account(account=command.account)
        for zone, until in state.core.days.items():
            account.day_starts[zone] = DayStart(equity=amount, until=until)
        state.accounts[command.account] = account
    account = state.accounts[command.account]
    if command.verb is Verb.CLOSE:
        del state.accounts[command.account]
        state.halted.discard(command.account)
        state.framed.discard(command.account)
        return
    came = exact.negated(amount) if command.verb is Verb.WITHDRAW else amount
    account.cash = exact.plus(account.cash, came)
    if command.verb is Verb.WITHDRAW:
        account.withdrawals = exact.plus(account.withdrawals, amount)
    else:
        account.deposits = exact.plus(account.deposits, amount)
    # What is paid in or out is neither a gain nor a loss: peak and day start move with it.
    account.peak = exact.plus(account.peak, came)
    if command.verb is not Verb.OPEN:
        for start in account.day_starts.values():
            start.equity = exact.plus(start.equity, came)
    revalue(state, account)
    assert account.money_holds(), f"the law of money broke on {account.account}"
    state.touch(account.account)


def _settle(state: State, command: Control) -> None:
    """An operator answers for an order the venue cannot speak of: what was filled stays."""
    assert command.account is not None
    assert command.target is not None
    account = state.accounts[command.account]
    before, order = account.exposed(), account.orders[command.target]
    release(account, command.target)
    flow = state.flows.get(order.dfid)
    if flow is not None and not flow.final:
        flow.ended(FlowStatus.CLOSED if order.filled > 0 else FlowStatus.ABORTED)
    state.index(account, before)
    state.touch(command.account)


def _trading(state: State, command: Control) -> None:
    """The narrowest scope the command names: an instrument of an account, an account, and so on outward."""
    wanted = {
        Verb.HALT: TradingState.HALTED,
        Verb.REDUCE: TradingState.REDUCING,
        Verb.RESUME: TradingState.ACTIVE,
    }[command.verb]
    if command.account is not None:
        _of_account(state, state.accounts[command.account], command, wanted)
        return
    if command.instrument is not None:
        state.core.instruments[command.instrument] = wanted
    elif command.lane is not None:
        state.core.lanes[command.lane] = wanted
    else:
        state.core.world = wanted
    for name in state.accounts:
        state.touch(name)


def _of_account(state: State, account: Account, command: Control, wanted: TradingState) -> None:
    if command.instrument is None:
        account.trading_state = wanted
    else:
        account.instrument_states[command.instrument] = wanted
    if command.verb is Verb.RESUME:
        account.halts.pop(command.instrument or WHOLE, None)
    state.touch(account.account)


def _standing(state: State, command: Control) -> None:
    assert command.agent_id is not None
    wanted = {
        Verb.SUSPEND: Standing.SUSPENDED,
        Verb.RETIRE: Standing.RETIRED,
        Verb.RESET: Standing.ACTIVE,
    }[command.verb]
    if command.account is None:
        held = state.core.standings
        touched = list(state.accounts)
    else:
        held = state.accounts[command.account].standings
        touched = [command.account]
    now = held.get(command.agent_id, Standing.ACTIVE)
    held[command.agent_id] = wanted if command.verb is Verb.RESET else tightened(now, wanted)
    if held[command.agent_id] is Standing.ACTIVE:
        del held[command.agent_id]
    for name in touched:
        state.touch(name)


def _clear(state: State, command: Control) -> None:
    """Lift a tripped breaker of one agent on one account, or of every agent there."""
    for (account, agent_id), record in state.agents.items():
        if account == command.account and command.agent_id in (None, agent_id):
            record.latched = 0
    assert command.account is not None
    state.touch(command.account)
