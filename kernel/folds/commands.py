"""A CONTROL entry does what an operator (or, to tighten only, the watch) has signed."""

from __future__ import annotations

from typing import assert_never

from kernel import exact, opening
from kernel.acts.standings import held_of, wanted_of
from kernel.failure import mark_failed, settled_failure
from kernel.folds.batches import revalue
from kernel.folds.curbs import fold_trading
from kernel.folds.receipts import release
from kernel.state.accounts import Account, DayStart
from kernel.state.whole import State
from schemas.models import Control, ControlEntry, FlowStatus, Standing, Verb

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
            fold_trading(state, command)
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
        case Verb.CLOSE_LEDGER:
            pass  # the CLOSE entry that ends this transaction is what closes
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
        for key in [key for key in state.agents if key[0] == command.account]:
            del state.agents[key]  # who opens the name again begins a new account
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
    failure = settled_failure(state, order)
    if failure is not None:
        mark_failed(state, command.account, failure)
    release(account, command.target)
    flow = state.flows.get(order.dfid)
    if flow is not None:
        flow.settled[command.target] = order.filled
    if flow is not None and not flow.final:
        whole = order.filled > 0 and failure is None
        flow.ended(FlowStatus.CLOSED if whole else FlowStatus.ABORTED)
    state.index(account, before)
    state.touch(command.account)


def _standing(state: State, command: Control) -> None:
    """Move an agent's standing; a RESET on an account lifts its latched loss there too.

    A loss that still stands latches again at once: the account is valued right after.
    """
    assert command.agent_id is not None
    wanted, held = wanted_of(command), held_of(state, command)
    assert wanted is not None
    if wanted is Standing.ACTIVE:
        held.pop(command.agent_id, None)
    else:
        held[command.agent_id] = wanted
    record = state.agents.get((command.account or "", command.agent_id))
    if command.verb is Verb.RESET and record is not None:
        record.latched = 0
    for name in list(state.accounts) if command.account is None else [command.account]:
        state.touch(name)


def _clear(state: State, command: Control) -> None:
    """Lift a tripped breaker of one agent on one account; without an agent all of them, dirt and peak too.

    Whoever names one agent speaks of its breaker, not of the account.
    """
    for (account, agent_id), record in state.agents.items():
        if account == command.account and command.agent_id in (None, agent_id):
            record.latched = 0
    assert command.account is not None
    if command.agent_id is None:
        account_of = state.accounts[command.account]
        account_of.dirty.clear()
        account_of.peak = account_of.equity  # a peak nobody could mean would keep the account shut for ever
    state.touch(command.account)
