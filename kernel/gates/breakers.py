"""Gate 5: has the account lost, or won too fast, so much that it may take no new risk?"""

from __future__ import annotations

from kernel import exact
from kernel.case import Case
from kernel.ruling import Answer, Refusal
from kernel.state.accounts import Account
from kernel.state.days import UTC_ZONE
from rules.breakers import BreakerFigures, tripped
from rules.contract import Contract
from schemas.reasons import Reason


def breakers(case: Case) -> Answer:
    """Max loss (latched) → trailing → daily loss → consistency → cutoff."""
    assert case.account is not None
    assert case.grant is not None
    contract = case.grant.contract
    latched = case.agent.latched == Reason.MAX_LOSS
    figures = figures_for(case.account, contract)
    found = tripped(figures, contract.limits, case.now, loss_latched=latched)
    return Refusal(reason=found[0].reason, facts=found[0].facts) if found else None


def figures_for(account: Account, contract: Contract) -> BreakerFigures:
    """The account in the contract's own zone; a day that has not begun yet starts at present equity."""
    start = account.day_starts.get(zone_of(contract))
    return BreakerFigures(
        equity=account.equity,
        peak=account.peak,
        base=exact.minus(account.deposits, account.withdrawals),
        day_start=account.equity if start is None else start.equity,
    )


def zone_of(contract: Contract) -> str:
    """Where the contract's days begin."""
    cutoff = contract.limits.trading_cutoff
    return UTC_ZONE if cutoff is None else cutoff.zone
