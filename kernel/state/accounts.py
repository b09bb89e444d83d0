"""One account: cash, positions at total cost, what is reserved, and the law of money that binds them.

deposits − withdrawals + realised − fees = free cash + reserved cash + positions at cost, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from kernel import exact
from kernel.exact import ZERO
from kernel.state.mandates import Mandate, Name
from kernel.state.trading import FOREVER, Curb
from schemas.models import Action, ReceiptStatus, Standing, TimeInForce

HASHES_KEPT = 64  # views a snapshot may have seen; an older one is a context too old anyway
OPEN_MAX = 4_096  # open orders of one account: beyond it nothing new is reserved
DIRTY_MAX = (
    4_096  # failed flows an account names; one more than that is as dirty, and cleared by the same act
)
WHOLE = "*"  # the scope of a halt that covers every instrument of the account


@dataclass(slots=True, kw_only=True)
class Held:
    """What is held of one instrument. The average price is a view: only the total cost is exact."""

    quantity: Decimal = ZERO
    reserved: Decimal = ZERO
    total_cost: Decimal = ZERO
    stop: Decimal | None = None
    target_price: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class Order:
    """An accepted order and what it reserved; it ends only by a record.

    cash: USD still reserved (BUY). quantity: ordered; sold or bought so far is ``filled``.
    """

    dfid: bytes
    step_id: str
    agent_id: str
    action: Action
    side: str
    instrument: str
    quantity: Decimal
    cash: Decimal
    time_in_force: TimeInForce
    valid_until: int
    stop: Decimal | None
    target_price: Decimal | None
    status: ReceiptStatus | None = None
    filled: Decimal = ZERO
    paid: Decimal = ZERO
    fee: Decimal = ZERO
    limit_price: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class DayStart:
    """Equity at the first moment of a local day; ``until`` is the first micro of the next one."""

    equity: Decimal
    until: int


@dataclass(slots=True, kw_only=True)
class Account:
    """Figures in USD.

    halts: instrument (or ``*``) -> micros until which an agent's halt is latched. standings: agents not
    ACTIVE here. curbs: an operator's word on an instrument (or ``*``). terminated: after a max loss whose
    contract says so; nothing but the account's CLOSE ends that.
    hashes: version -> hash of the last views; content: the Avro body of the newest, at version 0.
    dirty: flows (DFID) that failed half-way, until an operator clears the account.
    """

    account: str
    cash: Decimal = ZERO
    reserved_cash: Decimal = ZERO
    deposits: Decimal = ZERO
    withdrawals: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    equity: Decimal = ZERO
    peak: Decimal = ZERO
    curbs: dict[str, Curb] = field(default_factory=dict)
    terminated: bool = False
    halts: dict[str, int] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    positions: dict[str, Held] = field(default_factory=dict)
    orders: dict[bytes, Order] = field(default_factory=dict)
    day_starts: dict[str, DayStart] = field(default_factory=dict)
    mandates: dict[Name, Mandate] = field(default_factory=dict)
    version: int = 0
    hashes: dict[int, bytes] = field(default_factory=dict)
    content: bytes = b""
    dirty: set[bytes] = field(default_factory=set)

    def held(self, instrument: str) -> Held:
        """What is held of an instrument; nothing is a Held of zero that is not kept."""
        return self.positions.get(instrument) or Held()

    def at_cost(self) -> Decimal:
        """All positions at their total cost, USD."""
        return exact.plus(*(held.total_cost for held in self.positions.values()))

    @property
    def curbed(self) -> bool:
        """Whether a word or a halt stands that may end by the clock."""
        return bool(self.halts) or any(curb.until < FOREVER for curb in self.curbs.values())

    def money_holds(self) -> bool:
        """Say whether the law of money holds, to the last digit."""
        came = exact.minus(exact.plus(self.deposits, self.realised), self.withdrawals, self.fees)
        return came == exact.plus(self.cash, self.reserved_cash, self.at_cost())

    def soil(self, dfid: bytes) -> None:
        """Name a flow that failed half-way."""
        if len(self.dirty) < DIRTY_MAX:
            self.dirty.add(dfid)

    def exposed(self) -> frozenset[str]:
        """Instruments the account holds or has reserved: those whose marks are folded."""
        return frozenset(self.positions) | {order.instrument for order in self.orders.values()}
