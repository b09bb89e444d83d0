"""A venue with everything a venue does to people: late, twice, in parts, not at all, and unable to say.

What becomes of an order is a function of its client id, so that two runs of one tape compare; how it is
told is drawn from the faults. The venue's own record is what the ledger is held against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal

from kernel.venues.paper import execute
from kernel.venues.venue import VenueAnswer, VenueAway, VenueOrder, VenueSuperseded
from schemas.models import ReceiptStatus, TimeInForce
from tests.simulation.faults import Faults

CANNOT_SAY_ONE_IN, IN_PARTS_ONE_IN = 17, 3
DOWN_CALLS = 4


@dataclass(slots=True)
class Known:
    """An order the venue took. told: the answers it goes through, the last one stays."""

    order: VenueOrder
    told: list[VenueAnswer]
    at: int

    @property
    def executed(self) -> Decimal:
        """What was done in the market, whatever the venue says of it."""
        return self.told[-1].quantity


@dataclass
class SimulatedVenue:
    """One venue for all lives of the executor. watch: told of each order before it is taken."""

    faults: Faults
    seed: str
    now: Callable[[], int]
    watch: Callable[[VenueOrder], None]
    orders: dict[str, Known] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)
    cannot_say: set[str] = field(default_factory=set)
    calls: int = 0
    name: str = "simulated"
    deduplicates: bool = True
    in_parts: bool = True
    _epoch: int = 0
    _down: int = 0
    _under_way: list[VenueOrder] = field(default_factory=list)

    def place(self, order: VenueOrder) -> VenueAnswer:
        self._admit(order.epoch)
        if self._is_down() or self.faults.happens("venue times out before it acts"):
            raise VenueAway("no answer")
        if order.client_id not in self.orders and self.faults.happens("venue acts later"):
            self._under_way.append(order)
            raise VenueAway("no answer yet")
        answer = self._taken(order)
        if self.faults.happens("venue times out after it has acted"):
            raise VenueAway("the answer is lost")
        return answer

    def query(self, client_id: str) -> VenueAnswer | None:
        if self._is_down() or self.faults.happens("venue times out before it acts"):
            raise VenueAway("no answer")
        known = self.orders.get(client_id)
        return None if known is None else self._next(known)

    def cancel(self, client_id: str, epoch: int) -> VenueAnswer | None:
        self._admit(epoch)
        if self._is_down() or self.faults.happens("venue times out before it acts"):
            raise VenueAway("no answer")
        known = self.orders.get(client_id)
        if known is None:
            self.barred.add(client_id)
            answer = None
        else:
            self._ended(known)
            answer = known.told[0]
        if self.faults.happens("venue times out after it has acted"):
            raise VenueAway("the answer is lost")
        return answer

    def pass_time(self) -> None:
        """What was on its way arrives."""
        under_way, self._under_way = self._under_way, []
        for order in under_way:
            self._taken(order)

    def heal(self) -> None:
        """No longer down."""
        self._down = 0

    def _admit(self, epoch: int) -> None:
        if epoch < self._epoch:
            raise VenueSuperseded(f"epoch {epoch} after {self._epoch}")
        self._epoch = epoch

    def _is_down(self) -> bool:
        self.calls += 1
        if self._down == 0 and self.faults.happens("venue is down"):
            self._down = self.faults.rng.randint(2, 2 * DOWN_CALLS)
        self._down = max(0, self._down - 1)
        return self._down > 0

    def _taken(self, order: VenueOrder) -> VenueAnswer:
        known = self.orders.get(order.client_id)
        if known is not None and self.deduplicates:
            return self._next(known)
        if order.client_id in self.barred:
            return _answer(order, ReceiptStatus.CANCELLED)
        if self.now() > order.valid_until:
            return _answer(order, ReceiptStatus.EXPIRED)
        self.watch(order)
        ordinal = sum(each.order.account == order.account for each in self.orders.values())
        known = Known(order=order, told=self._story(order, ordinal), at=self.now())
        self.orders[order.client_id] = known
        return known.told[0]

    def _story(self, order: VenueOrder, ordinal: int) -> list[VenueAnswer]:
        end = execute(order, self.seed, ordinal)
        dice = int(order.client_id[:8], 16)
        if dice % CANNOT_SAY_ONE_IN == 0:
            self.cannot_say.add(order.client_id)
            unknown = replace(end, status=ReceiptStatus.UNKNOWN, quantity=Decimal(0), fee=Decimal(0))
            return [unknown, end]
        resting = order.time_in_force is TimeInForce.GTT
        if not self.in_parts or ((dice // 7) % IN_PARTS_ONE_IN and not resting):
            return [end]
        half = (end.quantity / 2).quantize(order.lot, rounding=ROUND_DOWN)
        sent = replace(end, status=ReceiptStatus.SENT, quantity=Decimal(0), fee=Decimal(0))
        part = replace(end, status=ReceiptStatus.PARTIAL, quantity=half, fee=end.fee / 2)
        return [sent, part, end] if half > 0 else [sent, end]

    def _next(self, known: Known) -> VenueAnswer:
        if known.order.client_id in self.cannot_say:
            return known.told[0]
        if len(known.told) > 1:
            del known.told[0]
        return known.told[0]

    def _ended(self, known: Known) -> None:
        """What is still open of it is cancelled; what is done stays."""
        now = known.told[0]
        if len(known.told) > 1 and known.order.client_id not in self.cannot_say:
            known.told = [replace(now, status=ReceiptStatus.CANCELLED)]


def _answer(order: VenueOrder, status: ReceiptStatus) -> VenueAnswer:
    zero = Decimal(0)
    return VenueAnswer(
        client_id=order.client_id, venue_order_id=f"sim-{order.client_id[:12]}", status=status, quantity=zero,
        average_price=zero, fee=zero,
    )  # fmt: skip
