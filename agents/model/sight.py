"""From a signed snapshot to what the model may see, or the name of what is missing."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from agents.model.prompt import BPS, Observation
from agents.model.render import Scene
from schemas.models import WindowReturn

SHORT_S: Final = 60
LONG_S: Final = 900
"""Windows the model was taught about; the snapshot's nearest ones stand for them."""

_PERCENT: Final = 100


def observe(scene: Scene) -> Observation | str:
    """The figures of one instrument, floored to whole basis points, or the first missing feature's name."""
    view = scene.view
    needed = {
        "last": view.last,
        "bid": view.bid,
        "ask": view.ask,
        "spread_bps": view.spread_bps,
        "sma": view.sma,
        "rsi": view.rsi,
        "atr": view.atr,
        "volatility": view.volatility,
        "drawdown": view.drawdown,
    }
    found = {name: Fraction(value) for name, value in needed.items() if value is not None}
    missing = next((name for name in needed if name not in found), None)
    if missing is not None:
        return missing
    if not view.returns:
        return "returns"
    if min(found["last"], found["bid"], found["ask"], found["sma"], Fraction(scene.snapshot.equity)) <= 0:
        return "price"
    return Observation(
        short_bps=_bps(nearest(view.returns, SHORT_S)),
        long_bps=_bps(nearest(view.returns, LONG_S)),
        gap_bps=_bps(found["last"] / found["sma"] - 1),
        rsi=view.rsi if view.rsi is not None else Decimal(0),
        volatility_bps=_bps(found["volatility"]),
        drawdown_bps=_bps(found["drawdown"]),
        held_pct=_held(scene, found["last"]),
        spread_bps=_floor(found["spread_bps"]),
    )


def nearest(returns: tuple[WindowReturn, ...], seconds: int) -> Fraction:
    """The return over the window nearest to `seconds`; of two equally near, the shorter."""
    chosen = min(returns, key=lambda each: (abs(each.window_s - seconds), each.window_s))
    return Fraction(chosen.value)


def _held(scene: Scene, price: Fraction) -> Decimal:
    """What is free to sell, in percent of the largest position the contract lets be held."""
    free = Fraction(scene.free)
    if free == 0:
        return Decimal(0)
    by_value = Fraction(scene.limits.max_position_pct) * Fraction(scene.snapshot.equity)
    most = min(by_value / price, Fraction(scene.limits.max_position_size))
    share = min(Fraction(1), free / most) if most > 0 else Fraction(1)
    return max(Decimal(1), _floor(share * _PERCENT))


def _bps(share: Fraction) -> Decimal:
    return _floor(share * BPS)


def _floor(value: Fraction) -> Decimal:
    return Decimal(value.numerator // value.denominator)
