"""A max loss is latched when the marks say so: a dip that recovers before the next proposal was a dip."""

from __future__ import annotations

from decimal import Decimal

from kernel import exact
from kernel.state.accounts import Account
from kernel.state.whole import State
from schemas.models import Standing
from schemas.reasons import Reason

LATCHED = int(Reason.MAX_LOSS)


def latch_losses(state: State, account: Account) -> None:
    """Latch every agent whose newest contract for the account lost too much; perhaps the account ends by it.

    A loss is measured against what was paid in less what was taken out: an emptied account lost nothing.
    """
    base = paid_in(account)
    rules = state.grants.losses_on(account.account)
    if base <= 0 or account.equity > exact.times(base, rules.keep_max):
        return
    for rule in rules.rules:
        if account.equity > exact.times(base, rule.keep):
            continue
        if state.standing(account, rule.agent_id) is Standing.RETIRED:
            continue  # whoever trades here no more has nothing left to say of it
        if state.agent(account.account, rule.agent_id).latched != LATCHED:
            state.own_agent(account.account, rule.agent_id).latched = LATCHED
        if rule.terminates and not account.terminated:
            account.terminated = True
            state.touch(account.account)


def latch_loss(state: State, account: Account, agent_id: str) -> None:
    """Latch an agent that was refused for its loss; an emptied account takes no risk and has lost nothing."""
    if paid_in(account) > 0:
        state.own_agent(account.account, agent_id).latched = LATCHED


def paid_in(account: Account) -> Decimal:
    """What a loss is measured against: paid in less taken out, USD."""
    return exact.minus(account.deposits, account.withdrawals)
