"""The independent judge: text and order against the contract, by other code than made them.

It shares neither the grammar nor the renderer: it splits the text itself and multiplies where the renderer
divides, so a bound lost in one of them is found here before anything is signed.
"""

from decimal import Decimal
from typing import Final

from agents.model.exact import multiple_of
from agents.model.render import Order, Scene
from rules.contract import Authority
from schemas.models import IntentKind
from schemas.money import CONTEXT

BPS: Final = Decimal(10_000)
NAMES: Final = ("action", "size", "band", "stop", "target", "confidence")
ZEROES: Final = {
    "HOLD": ("size", "band", "stop", "target"),
    "HALT": ("size", "band", "stop", "target"),
    "SELL": ("stop", "target"),
    "CLOSE": ("stop", "target"),
    "BUY": (),
}


def violations(text: str, order: Order, scene: Scene) -> tuple[str, ...]:
    """Every rule that the sentence or its rendering breaks, by name; empty if it may be signed."""
    return (*_text_faults(text, order), *_grant_faults(order, scene), *_amount_faults(order, scene))


def _text_faults(text: str, order: Order) -> list[str]:
    pieces = [piece.partition("=") for piece in text.split(";")]
    if tuple(name for name, _, _ in pieces) != NAMES:
        return ["TEXT_SHAPE"]
    said = {name: value for name, _, value in pieces}
    action = said.pop("action")
    if action not in ZEROES or action != order.action:
        return ["TEXT_ACTION"]
    for value in said.values():
        if len(value) != 3 or not (value.isascii() and value.isdigit()) or int(value) > 100:
            return ["TEXT_NUMBER"]
    faults = [f"TEXT_{name.upper()}" for name in ZEROES[action] if said[name] != "000"]
    if action == "CLOSE" and said["size"] != "100":
        faults.append("TEXT_SIZE")
    if action in ("BUY", "SELL") and said["size"] == "000":
        faults.append("TEXT_SIZE")
    return faults


def _grant_faults(order: Order, scene: Scene) -> list[str]:
    contract = scene.contract
    faults = []
    if order.action not in [action.value for action in contract.allowed_actions]:
        faults.append("ACTION_FORBIDDEN")
    if order.action in [action.value for action in contract.forbidden_actions]:
        faults.append("ACTION_FORBIDDEN")
    beyond = contract.authority is Authority.OBSERVE and order.action != "HOLD"
    if beyond or (order.action == "HALT" and not contract.veto) or IntentKind.ATOM not in contract.outputs:
        faults.append("AUTHORITY_EXCEEDED")
    if scene.view.instrument not in contract.allowed_instruments:
        faults.append("UNAUTHORIZED_INSTRUMENT")
    return faults


def _amount_faults(order: Order, scene: Scene) -> list[str]:
    if order.action in ("HOLD", "HALT"):
        silent = (order.limit_price, order.stop, order.target_price) == (None, None, None)
        return [] if order.quantity == 0 and silent else ["QUANTITY_NOT_ZERO"]
    if order.quantity <= 0 or order.limit_price is None or order.limit_price <= 0:
        return ["PARAMETER_MISSING"]
    faults = []
    if not multiple_of(order.quantity, scene.terms.lot):
        faults.append("LOT")
    prices = (order.limit_price, order.stop, order.target_price)
    faults += ["TICK" for price in prices if price is not None and not multiple_of(price, scene.terms.tick)]
    if order.action == "BUY":
        return faults + _size_faults(order, scene, order.limit_price) + _bracket_faults(order, scene)
    return faults + _leaving_faults(order, scene, order.limit_price)


def _leaving_faults(order: Order, scene: Scene, limit: Decimal) -> list[str]:
    faults = [] if order.quantity <= scene.free else ["INSUFFICIENT_POSITION"]
    bid = scene.view.bid or Decimal(0)
    if _times(bid - limit, BPS) > _times(scene.contract.drift.envelope_bps, bid):
        faults.append("BAND")
    return faults


def _size_faults(order: Order, scene: Scene, limit: Decimal) -> list[str]:
    limits, account, equity = scene.limits, scene.snapshot.account, scene.snapshot.equity
    value = _times(order.quantity, limit)
    held = sum((p.quantity for p in account.positions if p.instrument == scene.view.instrument), Decimal(0))
    after = held + order.quantity
    others = sum(1 for p in account.positions if p.quantity > 0 and p.instrument != scene.view.instrument)
    carried = _carried(scene) + account.reserved_cash
    ask, last = scene.view.ask or Decimal(0), scene.view.last or Decimal(0)
    position_value = value + _times(held, max(limit, last, ask))
    broken = {
        "MAX_SINGLE_TRADE": value > _times(limits.max_single_trade_pct, equity),
        "MAX_POSITION": position_value > _times(limits.max_position_pct, equity)
        or after > limits.max_position_size,
        "MAX_ORDER_VALUE": value > limits.max_order_value,
        "MAX_OPEN_POSITIONS": others + 1 > limits.max_open_positions,
        "MAX_LEVERAGE": carried + value > _times(limits.max_leverage, equity),
        "INSUFFICIENT_FUNDS": value > account.cash - account.reserved_cash,
        "BAND": _times(limit - ask, BPS) > _times(scene.contract.drift.envelope_bps, ask),
    }
    return [name for name, is_broken in broken.items() if is_broken]


def _bracket_faults(order: Order, scene: Scene) -> list[str]:
    bid, atr = scene.view.bid, scene.view.atr
    if order.stop is None or order.target_price is None or bid is None or atr is None:
        return ["PARAMETER_MISSING"]
    limit = order.limit_price or Decimal(0)
    if not 0 < order.stop < limit < order.target_price:
        return ["INVERTED_BRACKET"]
    faults = []
    if order.target_price - limit < _times(scene.limits.min_risk_reward, limit - order.stop):
        faults.append("MIN_RISK_REWARD")
    if min(bid, limit) - order.stop < _times(scene.limits.min_stop_atr_multiple, atr):
        faults.append("MIN_STOP_ATR")
    return faults


def _carried(scene: Scene) -> Decimal:
    total = Decimal(0)
    for held in scene.snapshot.account.positions:
        view = next((v for v in scene.snapshot.instruments if v.instrument == held.instrument), None)
        marks = () if view is None else (view.ask or Decimal(0), view.last or Decimal(0))
        total += max(held.total_cost, *(_times(held.quantity, mark) for mark in marks), Decimal(0))
    return total


def _times(one: Decimal, other: Decimal) -> Decimal:
    return CONTEXT.multiply(one, other)
