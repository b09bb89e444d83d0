"""Relative words into absolute amounts: exact, and rounded toward safety at every step.

Less is bought than was said, never more; a stop lies no nearer and a target no lower than the contract asks,
whichever price between the bid and the limit the order is filled at.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from agents.emit import Slots
from agents.grammar import FULL
from agents.model.exact import ceil_to, floor_to
from agents.opinions import Terms
from rules.contract import Contract, Limits
from rules.mandate import remaining
from schemas.models import InstrumentView, MandateView, Position, Snapshot

BPS: Final = 10_000
FEE_ROOM_BPS: Final = 50
"""Kept free of an order's cash: more than any paper venue's fee, so that the fee never overdraws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a rendering depends on. `limits` are the contract's own or tighter (overlays)."""

    contract: Contract
    limits: Limits
    snapshot: Snapshot
    view: InstrumentView
    terms: Terms
    mandate: MandateView | None = None  # of a child flow: nothing is rendered beyond it

    @property
    def position(self) -> Position | None:
        return next(
            (p for p in self.snapshot.account.positions if p.instrument == self.view.instrument), None
        )

    @property
    def free(self) -> Decimal:
        """Quantity held and not reserved for sale."""
        held = self.position
        return Decimal(0) if held is None else max(Decimal(0), held.quantity - held.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an atom would do, absolute: quantity in units, prices in quote currency."""

    action: str
    quantity: Decimal
    limit_price: Decimal | None = None
    stop: Decimal | None = None
    target_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRoom:
    """Nothing of the size said is left under the contract: less than one lot."""

    room: Decimal


def render(said: Slots, scene: Scene) -> Order | NoRoom:
    """Render one sentence. The view must have bid, ask and ATR (agents.model.sight sees to it)."""
    match said.action:
        case "HOLD" | "HALT":
            return Order(action=said.action, quantity=Decimal(0))
        case "SELL" | "CLOSE":
            return _leave(said, scene)
        case _:
            assert said.action == "BUY", f"no rendering for {said.action}"
            return _enter(said, scene)


def _enter(said: Slots, scene: Scene) -> Order | NoRoom:
    bid, ask, atr = _known(scene.view.bid), _known(scene.view.ask), _known(scene.view.atr)
    limits, tick = scene.limits, scene.terms.tick
    most = ask * (1 + _band(said, scene))
    limit = floor_to(most if scene.mandate is None else min(most, Fraction(scene.mandate.price_high)), tick)
    if limit <= 0:
        return NoRoom(room=Decimal(0))
    room = room_to_buy(scene, Fraction(limit))
    quantity = floor_to(_framed(room * said.size / FULL, scene), scene.terms.lot)
    if quantity <= 0 or quantity < scene.terms.min_order:
        return NoRoom(room=floor_to(max(room, Fraction(0)), scene.terms.lot))
    # Measured from the bid, the lowest price it could be entered at, so that the distance holds at any fill.
    distance = Fraction(limits.min_stop_atr_multiple) * (FULL + said.stop) / FULL * atr
    stop = floor_to(min(bid, Fraction(limit)) - distance, tick)
    if stop <= 0 or stop >= limit:
        return NoRoom(room=Decimal(0))
    reward = (
        Fraction(limits.min_risk_reward) * (FULL + said.target) / FULL * (Fraction(limit) - Fraction(stop))
    )
    target = ceil_to(Fraction(limit) + reward, tick)
    return Order(action="BUY", quantity=quantity, limit_price=limit, stop=stop, target_price=target)


def _leave(said: Slots, scene: Scene) -> Order | NoRoom:
    part = Fraction(scene.free) * said.size / FULL
    sells = said.action == "SELL"  # a CLOSE only gets out, and acts under no mandate
    quantity = floor_to(_framed(part, scene) if sells else part, scene.terms.lot)
    if quantity <= 0:
        return NoRoom(room=scene.free)
    least = _known(scene.view.bid) * (1 - _band(said, scene))
    if sells and scene.mandate is not None:
        least = max(least, Fraction(scene.mandate.price_low))
    limit = ceil_to(least, scene.terms.tick)
    return Order(action=said.action, quantity=quantity, limit_price=limit)


def _framed(quantity: Fraction, scene: Scene) -> Fraction:
    """At most what the mandate's other children have left."""
    return quantity if scene.mandate is None else min(quantity, Fraction(remaining(scene.mandate)))


def _band(said: Slots, scene: Scene) -> Fraction:
    """Share of the price that the limit may lie away from it."""
    return Fraction(scene.contract.drift.envelope_bps) * said.band / FULL / BPS


def room_to_buy(scene: Scene, price: Fraction) -> Fraction:
    """Quantity that could still be bought at `price` under every limit at once; may be negative."""
    limits, snapshot = scene.limits, scene.snapshot
    equity = Fraction(snapshot.equity)
    position = scene.position
    held = Fraction(0) if position is None else Fraction(position.quantity)
    open_now = sum(1 for each in snapshot.account.positions if each.quantity > 0)
    if held == 0 and open_now >= limits.max_open_positions:
        return Fraction(0)
    reserved = Fraction(snapshot.account.reserved_cash)
    carried = gross(snapshot) + reserved  # open orders may still become exposure
    # At the ask too: a limit floored to a coarse tick may lie below the mid that the kernel marks it at.
    worth = held * max(price, Fraction(scene.view.last or 0), Fraction(scene.view.ask or 0))
    cash = Fraction(snapshot.account.cash) - reserved
    return min(
        Fraction(limits.max_single_trade_pct) * equity / price,
        (Fraction(limits.max_position_pct) * equity - worth) / price,
        Fraction(limits.max_position_size) - held,
        Fraction(limits.max_order_value) / price,
        (Fraction(limits.max_leverage) * equity - carried) / price,
        cash * BPS / (BPS + FEE_ROOM_BPS) / price,
    )


def gross(snapshot: Snapshot) -> Fraction:
    """Value of everything held, each at the dearest of its ask, its last price and its cost."""
    total = Fraction(0)
    views = {view.instrument: view for view in snapshot.instruments}
    for held in snapshot.account.positions:
        view = views.get(held.instrument)
        marks = [] if view is None else [view.ask, view.last]
        worths = [Fraction(mark) * Fraction(held.quantity) for mark in marks if mark is not None]
        total += max([Fraction(held.total_cost), *worths])
    return total


def _known(value: Decimal | None) -> Fraction:
    assert value is not None, "a snapshot without prices never reaches the engine"
    return Fraction(value)
