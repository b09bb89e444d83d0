"""A mandate in force: the frame that child flows act under, and how much of it they have used.

It becomes state when its MANDATE is accepted. It leaves when its time is over, or when it is used up and no
child's order is open that could give something back. At most MANDATES_MAX stand on one account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from kernel import exact
from kernel.exact import ZERO
from schemas.models import MandateView, Side

MANDATES_MAX = 16  # of one account: they ride in every view and so in every snapshot
MANDATE_HORIZON_US = 86_400_000_000  # a day: a frame that should stand longer deserves another decision
Name = tuple[bytes, str]  # (parent's DFID, its step)


@dataclass(slots=True, kw_only=True)
class Mandate:
    """``seq``: of the DECISION that accepted it, which is its age. ``keyid``: of the key that signed it.

    used: children's accepted quantities less what final receipts left unfilled. orders: keys of children's
    orders without a final receipt.
    """

    dfid: bytes
    step_id: str
    seq: int
    agent_id: str
    contract_version: str
    keyid: bytes
    instrument: str
    side: Side
    total: Decimal
    used: Decimal = ZERO
    price_low: Decimal
    price_high: Decimal
    expires_at: int
    orders: set[bytes] = field(default_factory=set)

    @property
    def name(self) -> Name:
        """What children name it by."""
        return (self.dfid, self.step_id)

    @property
    def spent(self) -> bool:
        """Whether nothing more can ever be done under it."""
        return self.used >= self.total and not self.orders

    def view(self) -> MandateView:
        """As the account view shows it."""
        return MandateView(
            dfid=self.dfid,
            step_id=self.step_id,
            agent_id=self.agent_id,
            contract_version=self.contract_version,
            instrument=self.instrument,
            side=self.side,
            total=self.total,
            used=self.used,
            price_low=self.price_low,
            price_high=self.price_high,
            expires_at=self.expires_at,
        )


def use(mandates: dict[Name, Mandate], name: Name, key: bytes, quantity: Decimal) -> None:
    """A child's order was accepted; gate 7 has seen that the sum stays within the total."""
    mandate = mandates[name]
    mandate.used = exact.plus(mandate.used, quantity)
    mandate.orders.add(key)
    assert mandate.used <= mandate.total, "the children's sum exceeds their mandate"


def give_back(mandates: dict[Name, Mandate], key: bytes, unfilled: Decimal) -> None:
    """An order is over: what it left unfilled may be asked for again; a mandate used up leaves.

    Of an order whose mandate's time was over before, nothing is left to be given back to.
    """
    for mandate in list(mandates.values()):
        if key in mandate.orders:
            mandate.orders.remove(key)
            mandate.used = exact.minus(mandate.used, unfilled)
            if mandate.spent:
                del mandates[mandate.name]
