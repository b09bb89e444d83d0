"""The mechanical checker: each limit on and just beyond its edge, and all of them in the order of the law."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rules.checker import check
from rules.orders import Holding, figures_of, is_reducing, judged_price
from rules.resolve import as_written
from schemas.models import AccountView, Action, InstrumentView, Position, TradingState
from schemas.reasons import Reason
from tests.rules_cases import account, buy, moderate

D = Decimal


def reasons(order, figures, limits=None):
    return [broken.reason for broken in check(order, figures, as_written(limits or moderate()))]


def test_an_order_within_every_limit_breaks_none():
    assert reasons(buy(), account()) == []


EDGES = (
    ("single trade, inclusive", buy(quantity=D(50)), {}, {}, []),
    ("single trade, beyond", buy(quantity=D("50.000000000000000001")), {}, {}, [Reason.MAX_SINGLE_TRADE]),
    ("order value, inclusive", buy(quantity=D(5)), {}, {"max_order_value": D(500)}, []),
    (
        "order value, beyond",
        buy(quantity=D("5.01")),
        {},
        {"max_order_value": D(500)},
        [Reason.MAX_ORDER_VALUE],
    ),
    ("size zero allows nothing", buy(), {}, {"max_position_size": D(0)}, [Reason.MAX_POSITION]),
    (
        "position with what is held",
        buy(quantity=D(50)),
        {"holdings": (Holding(instrument="btc-usd", quantity=D(1), value=D(10_001)),)},
        {},
        [Reason.MAX_POSITION],
    ),
    (
        "open positions, a fourth",
        buy(),
        {"holdings": tuple(Holding(instrument=f"i{n}", quantity=D(1), value=D(1)) for n in range(3))},
        {},
        [Reason.MAX_OPEN_POSITIONS],
    ),
    (
        "open positions, more of one held",
        buy(instrument="i0"),
        {"holdings": tuple(Holding(instrument=f"i{n}", quantity=D(1), value=D(1)) for n in range(3))},
        {},
        [],
    ),
    (
        "leverage counts what open orders may add",
        buy(),
        {"reserved_cash": D(149_501)},
        {},
        [Reason.MAX_LEVERAGE],
    ),
    ("risk to reward, inclusive", buy(target=D("104.5")), {}, {}, []),
    ("risk to reward, below", buy(target=D("104.49")), {}, {}, [Reason.MIN_RISK_REWARD]),
    ("stop within 1.5 ATR", buy(atr=D("2.01")), {}, {}, [Reason.MIN_STOP_ATR]),
    ("no ATR yet", buy(atr=None), {}, {}, []),
    ("inverted bracket alone", buy(stop=D(106), target=D(97)), {}, {}, [Reason.INVERTED_BRACKET]),
    ("stop at the price", buy(stop=D(100)), {}, {}, [Reason.INVERTED_BRACKET]),
    ("a short's bracket is the other way", buy(action=Action.SELL, stop=D(103), target=D(94)), {}, {}, []),
    ("nothing may be missing", buy(quantity=None, stop=None), {}, {}, [Reason.PARAMETER_MISSING] * 2),
    ("no instrument", buy(instrument=None), {}, {}, [Reason.PARAMETER_MISSING]),
    ("NaN is no quantity", buy(quantity=D("NaN")), {}, {}, [Reason.MALFORMED]),
    ("nothing is no quantity", buy(quantity=D(0)), {}, {}, [Reason.MALFORMED]),
    ("a negative price", buy(price=D(-1)), {}, {}, [Reason.MALFORMED]),
    (
        "no equity",
        buy(),
        {"equity": D(0)},
        {},
        [Reason.MAX_SINGLE_TRADE, Reason.MAX_POSITION, Reason.MAX_LEVERAGE],
    ),
)


@pytest.mark.parametrize(("name", "order", "figures", "limits", "expected"), EDGES, ids=[e[0] for e in EDGES])
def test_a_limit_holds_on_its_edge_and_breaks_beyond(name, order, figures, limits, expected):
    assert reasons(order, account(**figures), replace(moderate(), **limits)) == expected


def test_all_violations_stand_in_the_order_of_the_law():
    order = buy(quantity=D(10_000), target=D(101), atr=D(10))
    found = reasons(order, account(), replace(moderate(), max_open_positions=0, max_order_value=D(1)))
    assert found == sorted(found)
    assert set(found) == {
        Reason.MAX_SINGLE_TRADE,
        Reason.MAX_POSITION,
        Reason.MAX_ORDER_VALUE,
        Reason.MAX_OPEN_POSITIONS,
        Reason.MAX_LEVERAGE,
        Reason.MIN_RISK_REWARD,
        Reason.MIN_STOP_ATR,
    }


def test_violations_carry_figures():
    (broken,) = check(buy(quantity=D(60)), account(), as_written(moderate()))
    assert [(fact.name, fact.value) for fact in broken.facts] == [
        ("single_trade", D(6_000)),
        ("single_trade_limit", D(5_000)),
    ]


def test_reducing_and_shapeless_actions_face_no_size_limit():
    none = replace(moderate(), max_position_size=D(0), max_open_positions=0)
    for action in (Action.HOLD, Action.HALT, Action.CANCEL, Action.CLOSE):
        assert (
            reasons(buy(action=action, quantity=D(0), stop=None, target=None, price=None), account(), none)
            == []
        )
    assert reasons(buy(action=Action.SELL, stop=None, target=None, reducing=True), account(), none) == []


def position(quantity, reserved="0"):
    return Position(instrument="btc-usd", quantity=D(quantity), reserved=D(reserved), total_cost=D(100))


REDUCING = (
    (Action.CLOSE, "0", None, True),
    (Action.CANCEL, "0", None, True),
    (Action.SELL, "1", None, False),
    (Action.SELL, "2", position("2"), True),
    (Action.SELL, "2", position("2", "0.5"), False),
    (Action.SELL, "0", position("2"), False),
    (Action.BUY, "1", position("2"), False),
    (Action.BUY, "2", position("-2"), True),
    (Action.HOLD, "0", position("2"), False),
)


@pytest.mark.parametrize(("action", "quantity", "held", "expected"), REDUCING)
def test_only_what_takes_risk_away_is_reducing(action, quantity, held, expected):
    assert is_reducing(action, D(quantity), held) is expected


def test_an_order_is_judged_at_the_worst_price_it_accepts_else_at_the_side_it_takes():
    view = InstrumentView(instrument="btc-usd", last=D(100), bid=D(99), ask=D(101), returns=())
    assert judged_price(Action.BUY, D(105), view) == D(105)
    assert judged_price(Action.BUY, None, view) == D(101)
    assert judged_price(Action.SELL, None, view) == D(99)
    assert judged_price(Action.BUY, None, replace(view, ask=None)) == D(100)
    assert judged_price(Action.BUY, None, None) is None


def test_a_holding_without_a_mark_counts_at_its_cost():
    view = AccountView(
        account="paper-1",
        version=1,
        cash=D(0),
        reserved_cash=D(7),
        positions=(position("2"),),
        standings=(),
        trading_state=TradingState.ACTIVE,
        halted_instruments=(),
        open_intents=0,
    )
    assert figures_of(view, D(1), {}).exposure == D(107)
    assert figures_of(view, D(1), {"btc-usd": D(60)}).exposure == D(127)
