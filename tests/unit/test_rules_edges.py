"""The rules both sides share, on the edge: shapes, brackets, overlays, breakers' figures and windows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rules.arbitration import Answer, AnswerKind, Outcome, arbitrate, kind_of, veto_missing
from rules.breakers import BreakerFigures, cutoff_minute, local_day, local_minute, past_cutoff, tripped
from rules.checker import check
from rules.config_error import ConfigError
from rules.contract import Cutoff
from rules.drift import (
    half_bracket_stands,
    live_price,
    moved_bps,
    older_than,
    price_drift,
    reward_suffices,
    risk_reward,
    within_envelope,
)  # fmt: skip
from rules.orders import Holding, OrderShape, figures_of, is_reducing, malformed, position_of, shape_of
from rules.resolve import Phase, Regime, as_written, phase_of, regime_of, resolve
from schemas.models import AccountView, Action, InstrumentView, Position, ReportKind, TradingState
from schemas.reasons import LaneReason, Reason
from tests.build import World
from tests.rules_cases import account, buy, moderate

D = Decimal
LEAST = D("0.000000000000000001")
A, K = Action, AnswerKind


# -- orders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, None),
        ({"quantity": D(0)}, "quantity"),
        ({"quantity": D(0), "action": A.SELL}, "quantity"),
        ({"quantity": D(0), "action": A.MANDATE}, "quantity"),
        ({"quantity": D(0), "action": A.CLOSE}, None),
        ({"quantity": D(-1), "action": A.CLOSE}, "quantity"),
        ({"quantity": LEAST}, None),
        ({"price": D(0)}, "price"),
        ({"price": LEAST}, None),
        ({"stop": D(0)}, "stop"),
        ({"stop": D("Infinity")}, "stop"),
        ({"target": D(0)}, "target"),
        ({"target": D("NaN")}, "target"),
        ({"atr": D(0)}, None),
        ({"atr": D(-1)}, "atr"),
        ({"quantity": D(0), "price": D(0), "stop": D(0), "target": D(0), "atr": D(-1)}, "quantity"),
        ({"quantity": None, "price": None, "stop": None, "target": None, "atr": None}, None),
    ],
)
def test_the_first_figure_that_is_none_is_named(changed: dict[str, Any], named: str | None) -> None:
    assert malformed(buy(**changed)) == named
    found = check(buy(**changed), account(), as_written(moderate()))
    if named is not None:
        assert [(each.reason, each.name) for each in found] == [(Reason.MALFORMED, named)]


def position(quantity: str, reserved: str = "0") -> Position:
    return Position(instrument="btc-usd", quantity=D(quantity), reserved=D(reserved), total_cost=D(100))


def test_selling_within_what_is_free_reduces_and_so_does_buying_back_a_short() -> None:
    held = position("2", "0.5")
    assert is_reducing(A.SELL, D("1.5"), held)
    assert not is_reducing(A.SELL, D("1.5") + LEAST, held)
    assert is_reducing(A.SELL, LEAST, held)
    assert not is_reducing(A.SELL, D("NaN"), held)
    assert is_reducing(A.BUY, D(2), position("-2"))
    assert is_reducing(A.BUY, LEAST, position("-2"))
    assert not is_reducing(A.BUY, D(2) + LEAST, position("-2"))
    assert not is_reducing(A.BUY, D(0), position("-2"))
    assert not is_reducing(A.HALT, D(1), position("-2"))


def view_of(*positions: Position) -> AccountView:
    return AccountView(
        account="paper-1", version=1, cash=D(0), reserved_cash=D(7), positions=positions, standings=(),
        trading_state=TradingState.ACTIVE, halted_instruments=(), open_intents=0,
    )  # fmt: skip


def test_figures_count_what_is_held_and_a_position_is_found_by_its_name() -> None:
    eth = replace(position("0"), instrument="eth-usd")
    view = view_of(position("2"), eth)
    figures = figures_of(view, D(9), {"btc-usd": D(60)})
    assert figures.holdings == (Holding(instrument="btc-usd", quantity=D(2), value=D(120)),)
    assert (figures.equity, figures.reserved_cash, figures.exposure) == (D(9), D(7), D(127))
    short = Holding(instrument="eth-usd", quantity=D(-1), value=D(-300))
    assert replace(figures, holdings=(*figures.holdings, short)).exposure == D(427)
    assert figures.held("eth-usd") is None
    assert figures.held("btc-usd") == figures.holdings[0]
    assert position_of(view, "eth-usd") == eth
    assert position_of(view, "doge-usd") is None


def test_the_shape_of_an_intent_is_what_its_snapshot_shows() -> None:
    world = World()
    flow = world.flow()
    intent = world.intent(flow)
    (view,) = flow.snapshot.instruments
    shape = shape_of(intent, view, position("2"))
    assert shape == OrderShape(
        action=A.BUY, instrument="btc-usd", quantity=intent.quantity, price=intent.limit_price,
        stop=intent.stop, target=intent.target_price, atr=view.atr, reducing=False,
    )  # fmt: skip
    leaving = shape_of(replace(intent, action=A.SELL, limit_price=None), None, position("2"))
    assert (leaving.price, leaving.atr, leaving.reducing) == (None, None, True)


# -- drift -------------------------------------------------------------------------------------------------


def test_a_price_is_finite_and_above_zero() -> None:
    assert live_price(LEAST) == LEAST
    for none in (D(0), D(-1), D("Infinity"), D("NaN"), None):
        assert live_price(none) is None


def test_moving_is_measured_both_ways_and_rounded_up() -> None:
    assert moved_bps(D(3), D(4)) == D("3333.333333333333333334")
    assert moved_bps(D(3), D(2)) == D("3333.333333333333333334")
    assert within_envelope(D(100), D(99), D(100))
    assert not within_envelope(D(100), D(99) - LEAST, D(100))


def test_an_envelope_that_is_no_figure_lets_nothing_through() -> None:
    assert price_drift(D(100), D(100), D("NaN")) is Reason.STALE_CONTEXT
    assert price_drift(D(0), D(100), D(50)) is Reason.STALE_CONTEXT
    assert price_drift(D(100), D(100), D(0)) is None


def test_age_counts_in_whole_micros_from_zero() -> None:
    assert not older_than(5, 5, 0)
    assert older_than(5, 6, 0)
    assert older_than(6, 5, 1)
    assert not older_than(0, 1_000, 1)
    assert older_than(0, 1_001, 1)


BRACKETS = (
    ("long", D(99), D(101), True),
    ("long", D(100), D(101), False),
    ("long", D(101), D(99), False),
    ("long", D(99), D(100), False),
    ("long", D(0), D(101), False),
    ("long", None, D(101), True),
    ("long", None, D(99), False),
    ("long", D(99), None, True),
    ("long", D(101), None, False),
    ("long", None, None, True),
    ("short", D(101), D(99), True),
    ("short", D(99), D(101), False),
    ("short", D(100), D(99), False),
    ("short", D(101), D(100), False),
    ("short", D(101), D(0), False),
    ("short", D(101), None, True),
    ("short", None, D(99), True),
)


@pytest.mark.parametrize(("side", "stop", "target", "stands"), BRACKETS)
def test_half_a_bracket_stands_strictly_on_its_side(
    side: Any, stop: Decimal | None, target: Decimal | None, stands: bool
) -> None:
    assert half_bracket_stands(side, D(100), stop, target) is stands


def test_no_bracket_stands_around_a_price_that_is_none() -> None:
    assert not half_bracket_stands("long", D(0), None, D(1))
    assert not half_bracket_stands("long", D(-5), None, D(-1))


def test_reward_is_inclusive_and_its_figure_is_rounded_down() -> None:
    assert reward_suffices(D(100), D(98), D(103), D("1.5"))
    assert not reward_suffices(D(100), D(98), D(103) - LEAST, D("1.5"))
    assert reward_suffices(D(100), D(102), D(97), D("1.5"))
    assert risk_reward(D(100), D(97), D(105)) == D("1.666666666666666666")
    assert risk_reward(D(100), D(103), D(95)) == D("1.666666666666666666")


# -- overlays ----------------------------------------------------------------------------------------------


def test_regimes_and_phases_begin_on_their_edge() -> None:
    assert regime_of(D(0)) is Regime.LOW_VOL
    assert regime_of(D("0.0025") - LEAST) is Regime.LOW_VOL
    assert regime_of(D("0.0025")) is Regime.HIGH_VOL
    assert regime_of(-LEAST) is Regime.UNKNOWN
    assert regime_of(D("Infinity")) is Regime.UNKNOWN
    for profit, wanted in (
        ("-1", Phase.BUILDING), ("0.039999999999999999", Phase.BUILDING), ("0.04", Phase.CONSERVATION),
        ("0.054999999999999999", Phase.CONSERVATION), ("0.055", Phase.LOCK_IN), ("NaN", Phase.LOCK_IN),
    ):  # fmt: skip
        assert phase_of(D(profit)) is wanted, profit


def test_each_overlay_tightens_by_its_own_figures() -> None:
    base = replace(
        moderate(), max_single_trade_pct=D("0.1"), max_position_pct=D("0.2"), min_risk_reward=D(1),
        max_open_positions=9,
    )  # fmt: skip

    def laid(**said: Any) -> tuple[Decimal, Decimal, Decimal, int]:
        found = resolve(base, **({"regime": Regime.LOW_VOL} | said)).limits
        return (found.max_single_trade_pct, found.max_position_pct, found.min_risk_reward,
                found.max_open_positions)  # fmt: skip

    assert laid() == (D("0.1"), D("0.2"), D(1), 9)
    assert laid(regime=Regime.HIGH_VOL) == (D("0.06"), D("0.12"), D("1.3"), 2)
    assert laid(regime=None) == laid(regime=Regime.HIGH_VOL) == laid(regime=Regime.UNKNOWN)
    assert laid(profit_pct=D("0.04")) == (D("0.05"), D("0.1"), D("1.2"), 9)
    assert laid(profit_pct=D("0.055")) == (D("0.025"), D("0.05"), D("1.2"), 0)
    assert laid(profit_pct=None) == laid(profit_pct=D("0.055"))
    assert laid(regime=Regime.HIGH_VOL, profit_pct=D("0.04")) == (D("0.03"), D("0.06"), D("1.56"), 2)
    few = replace(base, max_open_positions=1)
    assert resolve(few, regime=Regime.HIGH_VOL).limits.max_open_positions == 1


def test_volatility_is_cut_at_one_and_at_a_half_and_rounded_down() -> None:
    base = replace(moderate(), max_single_trade_pct=D(1), max_position_pct=D(1))

    def single(volatility: str) -> Decimal:
        found = resolve(base, regime=Regime.LOW_VOL, volatility=D(volatility))
        return found.limits.max_single_trade_pct

    assert single("0.001") == 1
    assert single("0.015") == D("0.666666666666666666")
    assert single("0.02") == D("0.5")
    assert single("0.03") == D("0.5")
    assert single("-0.001") == D("0.5")
    assert single("0") == 1


def test_one_trade_is_never_more_than_a_position_may_be() -> None:
    base = replace(moderate(), max_single_trade_pct=D("0.3"), max_position_pct=D("0.2"))
    assert resolve(base, regime=Regime.LOW_VOL).limits.max_single_trade_pct == D("0.2")


# -- breakers ----------------------------------------------------------------------------------------------

NOON_UTC = 1_704_801_600_000_000  # 2024-01-09 12:00 UTC


def figures(**changed: Any) -> BreakerFigures:
    given = {"equity": D(100_000), "peak": D(100_000), "base": D(100_000), "day_start": D(100_000)}
    return BreakerFigures(**{**given, **changed})


def told(found: Any) -> list[tuple[str, Decimal, Decimal]]:
    return [(each.reason.name, each.measured, each.limit) for each in found]


def test_a_breaker_says_what_was_measured_and_where_the_line_was() -> None:
    law = moderate()
    low = figures(equity=D(80_000), peak=D(120_000), day_start=D(90_000))
    assert told(tripped(low, law, NOON_UTC)) == [
        ("MAX_LOSS", D(80_000), 100_000 * (1 - law.max_drawdown_pct)),
        ("TRAILING_DRAWDOWN", D(80_000), 120_000 * (1 - law.trailing_max_drawdown_pct)),
        ("DAILY_LOSS_LIMIT", D(80_000), 90_000 * (1 - law.max_daily_loss_pct)),
    ]
    (facts,) = [each.facts for each in tripped(figures(), law, NOON_UTC, loss_latched=True)]
    assert [fact.name for fact in facts] == ["measured", "limit"]
    rich = figures(equity=D(101_000), day_start=D("100499.99"))
    assert told(tripped(rich, law, NOON_UTC)) == [
        ("CONSISTENCY_RULE", D("500.01"), 1000 * law.consistency_rule_pct),
    ]


def test_a_day_that_only_breaks_even_made_no_profit_to_be_consistent_about() -> None:
    assert told(tripped(figures(day_start=D(99_000)), moderate(), NOON_UTC)) == []
    barely = figures(equity=D(100_000) + LEAST, day_start=D(100_000) - LEAST)
    assert [each.reason for each in tripped(barely, moderate(), NOON_UTC)] == [Reason.CONSISTENCY_RULE]


def test_the_bell_rings_in_its_own_zone_and_until_midnight() -> None:
    cutoff = Cutoff(time="12:00", zone="UTC")
    assert [past_cutoff(cutoff, NOON_UTC + step) for step in (-1, 0, 43_199_999_999)] == [False, True, True]
    assert not past_cutoff(cutoff, NOON_UTC + 43_200_000_000)
    law = replace(moderate(), trading_cutoff=cutoff)
    assert told(tripped(figures(), law, NOON_UTC + 60_000_000)) == [("TRADING_CUTOFF", D(721), D(720))]
    assert (cutoff_minute(Cutoff(time="09:31", zone="UTC")), local_minute("UTC", NOON_UTC)) == (571, 720)
    assert local_day("UTC", 0) == 719_163


@pytest.mark.parametrize("time", ["9:30", "24:00", "12:60", "12.30", "12:30:00", ""])
def test_a_cutoff_is_written_as_hours_and_minutes(time: str) -> None:
    with pytest.raises(ConfigError, match="HH:MM"):
        cutoff_minute(Cutoff(time=time, zone="UTC"))


def test_a_zone_nobody_knows_is_a_config_error() -> None:
    for zone in ("Mars/Olympus", "../UTC", "America"):  # unknown, no path, a folder of zones
        with pytest.raises(ConfigError, match="IANA"):
            local_minute(zone, NOON_UTC)


# -- checker -----------------------------------------------------------------------------------------------


def violations(order: OrderShape, **changed: Any) -> list[tuple[str, str, Decimal | None, Decimal | None]]:
    limits = as_written(replace(moderate(), **changed))
    found = check(order, account(), limits)
    return [(each.reason.name, each.name, each.measured, each.limit) for each in found]


def test_every_missing_parameter_is_named_and_counts_one() -> None:
    bare = buy(instrument=None, quantity=None, price=None, stop=None, target=None, atr=None)
    assert [each[1] for each in violations(bare)] == ["instrument", "quantity", "price", "stop", "target"]
    (first, *_) = check(bare, account(), as_written(moderate()))
    assert [(fact.name, fact.value) for fact in first.facts] == [("instrument_missing", D(1))]
    no_reward = {"min_risk_reward": D(0)}
    assert [each[1] for each in violations(bare, **no_reward)] == ["instrument", "quantity", "price", "stop"]
    nothing = no_reward | {"min_stop_atr_multiple": D(0)}
    assert [each[1] for each in violations(bare, **nothing)] == ["instrument", "quantity", "price"]
    frame = replace(bare, action=A.MANDATE)
    assert [each[1] for each in violations(frame)] == ["instrument", "quantity", "price"]
    no_atr = {"min_stop_atr_multiple": D(0)}
    assert [each[1] for each in violations(bare, **no_atr)][-2:] == ["stop", "target"]


def test_an_order_without_a_price_or_a_quantity_has_no_size_to_measure() -> None:
    assert [each[1] for each in violations(buy(price=None))] == ["price"]
    assert [each[1] for each in violations(buy(quantity=None))] == ["quantity"]


def test_leaving_wants_an_instrument_and_nothing_else() -> None:
    gone = buy(instrument=None, quantity=None, price=None, stop=None, target=None)
    assert [each[1] for each in violations(replace(gone, action=A.CLOSE))] == ["instrument"]
    assert [each[1] for each in violations(replace(gone, action=A.SELL, reducing=True))] == ["instrument"]
    assert violations(buy(action=A.CLOSE, quantity=D(10**6))) == []
    assert violations(buy(action=A.SELL, quantity=D(10**6), reducing=True)) == []


def test_what_is_inverted_is_said_before_what_is_too_large_and_reward_after() -> None:
    order = buy(quantity=D(60), stop=D(101))
    assert [each[0] for each in violations(order)] == ["INVERTED_BRACKET", "MAX_SINGLE_TRADE"]
    assert violations(order)[0] == ("INVERTED_BRACKET", "price", D(100), None)
    poor = buy(quantity=D(60), target=D(101))
    assert [each[0] for each in violations(poor)] == ["MAX_SINGLE_TRADE", "MIN_RISK_REWARD"]
    assert violations(poor)[1] == ("MIN_RISK_REWARD", "risk_reward", D("0.333333333333333333"), D("1.5"))


def test_a_stop_is_measured_in_atr_with_or_without_a_target() -> None:
    assert violations(buy(atr=D("2.1"), target=None), min_risk_reward=D(0)) == [
        ("MIN_STOP_ATR", "stop_distance", D(3), D("3.15")),
    ]
    assert violations(buy(stop=None, target=None), min_risk_reward=D(0), min_stop_atr_multiple=D(0)) == []
    inside = buy(action=A.SELL, stop=D(103), target=D(94), atr=D("2.1"))
    assert violations(inside) == [("MIN_STOP_ATR", "stop_distance", D(3), D("3.15"))]


def test_a_frame_for_others_has_sizes_and_no_bracket() -> None:
    frame = buy(action=A.MANDATE, quantity=D(60), stop=D(106), target=D(94))
    assert violations(frame) == []  # a total is worked in many orders: each meets the limits of one itself
    assert [each[0] for each in violations(replace(frame, quantity=D(300)))] == ["MAX_POSITION"]


def test_positions_are_counted_with_the_one_that_is_opened_and_not_with_those_that_are_gone() -> None:
    held = tuple(Holding(instrument=f"i{n}", quantity=D(n != 2), value=D(1)) for n in range(4))
    law = as_written(replace(moderate(), max_open_positions=3))
    found = check(buy(), account(holdings=held), law)
    assert [(each.name, each.measured, each.limit) for each in found] == [("open_positions", D(4), D(3))]
    assert check(buy(instrument="i1"), account(holdings=held), law) == ()
    short = (Holding(instrument="btc-usd", quantity=D(-995), value=D(-100)),)
    over = check(buy(quantity=D(6)), account(holdings=short), as_written(moderate()))
    assert [(each.name, each.measured) for each in over] == [("position_size", D(1001))]


# -- arbitration -------------------------------------------------------------------------------------------


def said(
    agent: str, kind: AnswerKind, *, priority: int = 1, confidence: str = "0", veto: bool = False
) -> Answer:
    return Answer(agent_id=agent, priority=priority, veto=veto, kind=kind, confidence=D(confidence),
                  digest=agent.encode())  # fmt: skip


def won(*answers: Answer, missing: frozenset[str] = frozenset()) -> Outcome:
    return arbitrate(answers, veto_agents_missing=missing)


def test_priority_then_confidence_then_name_decides_between_proposals() -> None:
    first = said("b", K.PROPOSAL, priority=1, confidence="0.1")
    assert won(said("a", K.PROPOSAL, priority=2, confidence="0.9"), first).winner == b"b"
    assert won(said("a", K.PROPOSAL, confidence="0.2"), first).winner == b"a"
    assert won(said("a", K.PROPOSAL, confidence="0.1"), first).winner == b"a"
    assert won(said("a", K.HOLD, confidence="0.2"), first).winner == b"a"
    assert won(said("a", K.HALT, confidence="0.2"), first).winner == b"a"
    assert won(said("c", K.PROPOSAL, confidence="0.05"), first).winner == b"b"


def test_vetoes_come_before_everything_in_their_order() -> None:
    buy_, halt = said("a", K.PROPOSAL), said("z", K.HALT, priority=9, veto=True)
    ask = said("y", K.ESCALATE, veto=True)
    assert won(buy_, halt, ask) == Outcome(winner=b"z", reason=LaneReason.NONE)
    assert won(buy_, ask) == Outcome(winner=None, reason=LaneReason.ESCALATED_BY_VETO, escalation=b"y")
    assert won(buy_, missing=frozenset({"q"})) == Outcome(winner=None, reason=LaneReason.VETO_MISSING)
    mute = said("x", K.REFUSED, veto=True)
    assert won(buy_, mute) == Outcome(winner=None, reason=LaneReason.VETO_MISSING)
    assert won(halt, missing=frozenset({"q"})).winner == b"z"


def test_a_question_without_veto_is_asked_only_when_nobody_proposes() -> None:
    ask, mute = said("y", K.ESCALATE), said("m", K.REFUSED)
    assert won(said("a", K.PROPOSAL, priority=9), ask).winner == b"a"
    assert won(ask, mute) == Outcome(winner=None, reason=LaneReason.ESCALATED, escalation=b"y")
    assert won(said("n", K.NO_PROPOSAL), mute) == Outcome(winner=None, reason=LaneReason.NO_EDGE)
    assert won(mute) == Outcome(winner=None, reason=LaneReason.NO_ANSWER)
    assert won() == Outcome(winner=None, reason=LaneReason.NO_ANSWER)


def test_a_veto_agent_has_judged_unless_it_could_not() -> None:
    answers = (said("a", K.NO_PROPOSAL), said("b", K.REFUSED))
    assert veto_missing(("a", "b", "c"), answers) == {"b", "c"}
    assert veto_missing((), answers) == frozenset()


def test_every_answer_counts_as_what_it_says() -> None:
    world = World()
    flow = world.flow()
    for action, wanted in ((A.HALT, K.HALT), (A.HOLD, K.HOLD), (A.BUY, K.PROPOSAL), (A.CLOSE, K.PROPOSAL)):
        assert kind_of(world.intent(flow, action)) is wanted
    for kind, reason, wanted in (
        (ReportKind.ESCALATE, LaneReason.NONE, K.ESCALATE),
        (ReportKind.EXHAUSTED, LaneReason.NONE, K.ESCALATE),
        (ReportKind.REFUSED, LaneReason.COMPLIANT_LIE_SUSPECTED, K.ESCALATE),
        (ReportKind.REFUSED, LaneReason.LOW_MASS, K.REFUSED),
        (ReportKind.NO_PROPOSAL, LaneReason.NO_EDGE, K.NO_PROPOSAL),
    ):
        assert kind_of(world.report(flow, "sovereign", kind, reason)) is wanted


def test_a_view_without_any_price_gives_no_shape_a_price() -> None:
    world = World()
    flow = world.flow()
    view = InstrumentView(instrument="btc-usd", last=None, bid=None, ask=None, returns=())
    assert shape_of(world.intent(flow, limit_price=None), view, None).price is None
