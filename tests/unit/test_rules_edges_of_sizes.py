"""The shared rules on the edge of a size: floors, ceilings, what they are called, and in which order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rules.breakers import BreakerFigures, require_base, tripped
from rules.checker import check
from rules.config_error import ConfigError
from rules.orders import AccountFigures, Holding, OrderShape, is_reducing, judged_price
from rules.resolve import Regime, as_written, regime_of, resolve
from schemas.models import Action, InstrumentView, Position
from tests.rules_cases import account, buy, moderate

D, A = Decimal, Action
LEAST = D("0.000000000000000001")
NOON_UTC = 1_704_801_600_000_000  # 2024-01-09 12:00 UTC


# -- the checker -------------------------------------------------------------------------------------------


def broken(
    order: OrderShape, of: AccountFigures | None = None, **changed: Any
) -> list[tuple[str, Decimal | None, Decimal | None]]:
    limits = as_written(replace(moderate(), **changed))
    found = check(order, account() if of is None else of, limits)
    return [(each.name, each.measured, each.limit) for each in found]


@pytest.mark.parametrize("action", [A.HOLD, A.HALT, A.CANCEL])
def test_what_moves_no_quantity_has_nothing_to_be_measured(action: Action) -> None:
    assert broken(OrderShape(action=action, instrument=None, quantity=None, price=None)) == []


def test_every_ceiling_is_measured_with_what_is_held_and_named_in_the_order_of_the_law() -> None:
    held = (Holding(instrument="btc-usd", quantity=D(3), value=D(300)),)
    nothing = {
        "max_single_trade_pct": D(0), "max_position_size": D(0), "max_position_pct": D(0),
        "max_order_value": D(0), "max_open_positions": 0, "max_leverage": D(0),
    }  # fmt: skip
    assert broken(buy(), account(holdings=held), **nothing) == [
        ("single_trade", D(500), D(0)),
        ("position_size", D(8), D(0)),
        ("position_value", D(800), D(0)),
        ("order_value", D(500), D(0)),
        ("open_positions", D(1), D(0)),
        ("exposure", D(800), D(0)),
    ]
    just = {
        "max_single_trade_pct": D("0.005"), "max_position_size": D(8), "max_position_pct": D("0.008"),
        "max_order_value": D(500), "max_open_positions": 1, "max_leverage": D("0.008"),
    }  # fmt: skip
    assert broken(buy(), account(holdings=held), **just) == []


def test_a_figure_rides_with_its_limit_where_there_is_one() -> None:
    (large,) = check(buy(quantity=D(60)), account(), as_written(moderate()))
    assert [(each.name, each.value) for each in large.facts] == [
        ("single_trade", D(6000)), ("single_trade_limit", D(5000)),
    ]  # fmt: skip
    (inverted,) = check(buy(stop=D(101)), account(), as_written(moderate()))
    assert [(each.name, each.value) for each in inverted.facts] == [("price", D(100))]


def test_a_target_is_wanted_by_any_reward_at_all() -> None:
    for reward, wanted in (("0", []), ("0.01", ["target"]), ("1", ["target"])):
        assert [each[0] for each in broken(buy(target=None), min_risk_reward=D(reward))] == wanted


# -- breakers ----------------------------------------------------------------------------------------------


def test_nothing_is_measured_against_a_base_that_is_none() -> None:
    assert require_base(LEAST) == LEAST
    for base in (D(0), D("-0.5"), D("NaN"), D("Infinity")):
        with pytest.raises(ConfigError):
            require_base(base)


def test_a_floor_that_is_reached_is_a_loss_and_a_bad_day_is_one_that_falls_below() -> None:
    law = replace(
        moderate(), max_drawdown_pct=D("0.1"), trailing_max_drawdown_pct=D("0.2"),
        max_daily_loss_pct=D("0.02"), trading_cutoff=None,
    )  # fmt: skip

    def told(equity: Decimal, **changed: Any) -> list[str]:
        calm = {"peak": equity, "base": equity, "day_start": equity}
        found = tripped(BreakerFigures(equity=equity, **(calm | changed)), law, NOON_UTC)
        return [each.reason.name for each in found]

    assert told(D(90), base=D(100)) == ["MAX_LOSS"]
    assert told(D(90) + LEAST, base=D(100)) == []
    assert told(D(80), peak=D(100)) == ["TRAILING_DRAWDOWN"]
    assert told(D(80) + LEAST, peak=D(100)) == []
    assert told(D(98), day_start=D(100)) == []
    assert told(D(98) - LEAST, day_start=D(100)) == ["DAILY_LOSS_LIMIT"]


# -- overlays ----------------------------------------------------------------------------------------------


def test_a_calm_market_makes_no_trade_larger_and_what_is_no_volatility_makes_it_least() -> None:
    base = replace(moderate(), max_single_trade_pct=D("0.1"), max_position_pct=D(1))

    def single(volatility: str) -> Decimal:
        found = resolve(base, regime=Regime.LOW_VOL, volatility=D(volatility))
        return found.limits.max_single_trade_pct

    assert [single(each) for each in ("0", "0.000001", "0.01")] == [D("0.1")] * 3
    assert [single(each) for each in ("NaN", "Infinity", "-0.5", "-1E-100")] == [D("0.05")] * 4
    assert regime_of(None) is regime_of(D("NaN")) is Regime.UNKNOWN


# -- orders ------------------------------------------------------------------------------------------------


def test_what_takes_risk_away_is_known_by_its_name_or_by_its_size() -> None:
    assert is_reducing(A.CLOSE, D(0), None)
    assert is_reducing(A.CANCEL, D(0), None)
    held = Position(instrument="btc-usd", quantity=D(2), reserved=D("0.5"), total_cost=D(100))
    assert not is_reducing(A.SELL, D(1), None)
    assert not is_reducing(A.SELL, D(0), held)
    assert is_reducing(A.SELL, D("1.5"), held)
    assert not is_reducing(A.BUY, D(1), held)


def test_an_order_is_judged_at_its_own_price_then_at_the_side_it_takes_then_at_the_last() -> None:
    view = InstrumentView(instrument="btc-usd", last=D(7), bid=D(5), ask=D(6), returns=())
    assert judged_price(A.BUY, D(9), view) == D(9)
    assert (judged_price(A.BUY, None, view), judged_price(A.SELL, None, view)) == (D(6), D(5))
    assert judged_price(A.BUY, None, replace(view, ask=None)) == D(7)
    assert judged_price(A.SELL, None, replace(view, bid=None)) == D(7)
    assert judged_price(A.BUY, None, None) is None
