"""A max loss is latched when the marks say so: a dip that recovers before the next proposal was a dip."""

from __future__ import annotations

from kernel import exact
from kernel.state.accounts import Account
from kernel.state.whole import State
from schemas.reasons import Reason

LATCHED = int(Reason.MAX_LOSS)


def latch_losses(state: State, account: Account) -> None:
    """Latch every agent whose newest contract for the account lost too much; perhaps the account ends by it.

    A loss is measured against what was paid in less what was taken out: an emptied account lost nothing.
    """
    base = exact.minus(account.deposits, account.withdrawals)
    rules = state.grants.losses_on(account.account)
    if base <= 0 or account.equity > exact.times(base, rules.keep_max):
        return
    for rule in rules.rules:
        if account.equity > exact.times(base, rule.keep):
            continue
        if state.agent(account.account, rule.agent_id).latched != LATCHED:
            state.own_agent(account.account, rule.agent_id).latched = LATCHED
        if rule.terminates and not account.terminated:
            account.terminated = True
            state.touch(account.account)
