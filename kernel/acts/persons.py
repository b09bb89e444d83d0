"""How many persons must sign an answer: two, when it is worth more than its contract lets one decide."""

from __future__ import annotations

from decimal import Decimal

from kernel.case import Stance, inherited, stance_of, under_of
from kernel.figures import price_of
from kernel.state.whole import State
from rules.orders import notional
from schemas.models import FlowOpened, Intent

LEAVING = frozenset({Stance.REDUCING, Stance.CANCEL, Stance.HOLD, Stance.HALT})


def persons_for(state: State, flow: FlowOpened, intent: Intent | None) -> int:
    """1 or 2, for OVERRIDE and MODIFY alike; one person's ABORT always suffices.

    Measured by the order as it was signed, so that everybody who holds the bytes counts the same. Getting out
    is never made harder. What cannot be valued takes two. A child needs as many as its parent would.
    """
    if intent is None:
        return 1
    account = state.accounts.get(flow.account)
    grant = state.grants.contract(intent.agent_id, intent.contract_version)
    under = under_of(state, flow, account, grant)
    if under is not None:
        grant = inherited(under)
    limit = None if grant is None else grant.contract.escalation.two_persons_above_usd
    if limit is None or stance_of(intent, account) in LEAVING:
        return 1
    worth = worth_of(flow, intent)
    return 2 if worth is None or worth > limit else 1


def worth_of(flow: FlowOpened, intent: Intent) -> Decimal | None:
    """Quantity times the price gate 9 judges it at, USD, exact; None without a price."""
    views = flow.snapshot.instruments
    view = next((each for each in views if each.instrument == intent.instrument), None)
    price = price_of(intent, view)
    return None if price is None else notional(intent.quantity, price)
