"""Relative words become exact amounts, rounded toward safety, and the independent judge finds what is not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agents.emit import Slots
from agents.model.check import violations
from agents.model.render import NoRoom, Order, render
from schemas.models import Action
from tests.stream_scenes import CONTRACT, RISING, account, scene, snapshot

BUY = Slots(action="BUY", size=100, band=50, stop=0, target=0, confidence=80)
TEXT = "action=BUY;size=100;band=050;stop=000;target=000;confidence=080"


def test_a_whole_sized_buy_uses_the_tightest_limit_and_not_a_lot_more():
    order = render(BUY, scene())
    assert order == Order(
        action="BUY",
        quantity=Decimal("9.348"),  # 3 % of 100,000 at 320.91, floored to 0.001
        limit_price=Decimal("320.91"),  # 320.11 and half of 50 bps, floored to 0.01
        stop=Decimal("317.99"),  # 1.5 ATR under the bid, floored
        target_price=Decimal("325.29"),  # 1.5 times the risk over the limit, raised to the tick
    )
    assert violations(TEXT, order, scene()) == ()


def test_half_of_the_size_buys_at_most_half():
    whole, half = render(BUY, scene()), render(replace(BUY, size=50), scene())
    assert isinstance(whole, Order)
    assert isinstance(half, Order)
    assert half.quantity * 2 <= whole.quantity


def test_closing_sells_what_is_free_and_nothing_reserved():
    held = scene(seen=snapshot(book=account(Decimal("5.5"), reserved=Decimal("1.5"))))
    said = Slots(action="CLOSE", size=100, band=100, stop=0, target=0, confidence=80)
    order = render(said, held)
    assert order == Order(action="CLOSE", quantity=Decimal("4.000"), limit_price=Decimal("318.45"))


@pytest.mark.parametrize("action", ["SELL", "CLOSE"])
def test_leaving_with_nothing_held_has_no_room(action):
    said = Slots(action=action, size=100, band=0, stop=0, target=0, confidence=80)
    assert render(said, scene()) == NoRoom(room=Decimal(0))


@pytest.mark.parametrize("action", ["HOLD", "HALT"])
def test_holding_and_halting_move_nothing(action):
    said = Slots(action=action, size=0, band=0, stop=0, target=0, confidence=80)
    assert render(said, scene()) == Order(action=action, quantity=Decimal(0))


def test_no_cash_no_buy():
    assert isinstance(render(BUY, scene(seen=snapshot(book=account(cash=Decimal("0.20"))))), NoRoom)


def test_a_second_position_beyond_the_allowed_number_has_no_room():
    tight = replace(CONTRACT, limits=replace(CONTRACT.limits, max_open_positions=0))
    assert isinstance(render(BUY, scene(tight)), NoRoom)


FAIR = Order(
    action="BUY",
    quantity=Decimal("9.348"),
    limit_price=Decimal("320.91"),
    stop=Decimal("317.99"),
    target_price=Decimal("325.29"),
)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"quantity": Decimal("9.349")}, "MAX_SINGLE_TRADE"),
        ({"quantity": Decimal(41)}, "MAX_POSITION"),
        ({"quantity": Decimal("15.6")}, "MAX_ORDER_VALUE"),
        ({"quantity": Decimal("9.3475")}, "LOT"),
        ({"quantity": Decimal(0)}, "PARAMETER_MISSING"),
        ({"limit_price": Decimal("321.72")}, "BAND"),
        ({"limit_price": Decimal("320.905")}, "TICK"),
        ({"limit_price": None}, "PARAMETER_MISSING"),
        ({"stop": None}, "PARAMETER_MISSING"),
        ({"stop": Decimal("318.01")}, "MIN_STOP_ATR"),
        ({"stop": Decimal("321.00")}, "INVERTED_BRACKET"),
        ({"target_price": Decimal("325.28")}, "MIN_RISK_REWARD"),
    ],
)
def test_the_judge_names_every_bound_that_is_crossed(change, name):
    assert name in violations(TEXT, replace(FAIR, **change), scene())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TEXT.replace("100", "101"), "TEXT_NUMBER"),
        (TEXT.replace("100", "1000"), "TEXT_NUMBER"),
        (TEXT.replace("100", "000"), "TEXT_SIZE"),
        (TEXT.replace("BUY", "SELL"), "TEXT_ACTION"),
        (TEXT.replace(";band", "; band"), "TEXT_SHAPE"),
        (TEXT + ";size=100", "TEXT_SHAPE"),
        ("", "TEXT_SHAPE"),
    ],
)
def test_the_judge_reads_the_text_itself(text, name):
    assert name in violations(text, FAIR, scene())


def test_the_judge_refuses_what_the_contract_does_not_grant():
    assert "ACTION_FORBIDDEN" in violations(
        TEXT, FAIR, scene(replace(CONTRACT, allowed_actions=(Action.HOLD,)))
    )
    assert "UNAUTHORIZED_INSTRUMENT" in violations(
        TEXT, FAIR, scene(replace(CONTRACT, allowed_instruments=()))
    )


def test_a_stop_below_nothing_is_no_order():
    deep = replace(RISING, atr=Decimal(400))
    assert isinstance(render(BUY, scene(seen=snapshot(deep))), NoRoom)
