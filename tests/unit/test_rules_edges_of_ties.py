"""The shared rules where two things are equal: ties in a window, faults together, a gain of nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from rules.arbitration import Answer, AnswerKind, arbitrate
from rules.breakers import BreakerFigures, consistency_warning
from rules.checker import check
from rules.drift import half_bracket_stands, reward_suffices
from rules.orders import Holding, malformed
from rules.resolve import as_written
from tests.rules_cases import account, buy, moderate

D = Decimal


def proposal(agent: str, *, confidence: str = "0.5", digest: bytes = b"") -> Answer:
    return Answer(agent_id=agent, priority=1, veto=False, kind=AnswerKind.PROPOSAL, confidence=D(confidence),
                  digest=digest or agent.encode())  # fmt: skip


@pytest.mark.parametrize(
    ("best", "others"),
    [
        (proposal("z", confidence="0.6", digest=b"z"), [proposal("a", digest=b"a")]),
        (proposal("a", digest=b"9"), [proposal("b", digest=b"1"), proposal("c", digest=b"2")]),
        (proposal("a", digest=b"1"), [proposal("a", digest=b"2"), proposal("a", digest=b"3")]),
    ],
)
def test_confidence_then_name_then_digest_decides_whoever_comes_first(
    best: Answer, others: list[Answer]
) -> None:
    for order in permutations([best, *others]):
        assert arbitrate(order, veto_agents_missing=frozenset()).winner == best.digest


def test_of_figures_at_fault_together_the_first_in_the_orders_own_words_is_named() -> None:
    wrong = {"quantity": D(0), "price": D(0), "stop": D(0), "target": D(0), "atr": D(-1)}
    names = list(wrong)
    for index, named in enumerate(names):
        assert malformed(buy(**{each: wrong[each] for each in names[index:]})) == named


def test_a_stop_is_wanted_by_any_distance_at_all() -> None:
    for multiple, wanted in (("0", []), ("0.01", ["stop"]), ("1", ["stop"])):
        law = replace(moderate(), min_risk_reward=D(0), min_stop_atr_multiple=D(multiple))
        found = check(buy(stop=None, target=None), account(), as_written(law))
        assert [each.name for each in found] == wanted, multiple


def test_a_short_position_counts_with_its_size_and_its_worth() -> None:
    short = Holding(instrument="btc-usd", quantity=D(-2), value=D(-300))
    coming = replace(short, quantity=D(1), value=D(100))
    other = replace(short, instrument="eth-usd")
    held = account(holdings=(short, other), coming=(coming, other))
    assert held.position("btc-usd") == (D(3), D(400))
    assert held.position("doge-usd") == (D(0), D(0))


def warned(**changed: Any) -> dict[str, Decimal]:
    given = {"equity": D(101_000), "peak": D(101_000), "base": D(100_000), "day_start": D(100_600)}
    law = replace(moderate(), consistency_warn_pct=D("0.4"))
    found = consistency_warning(BreakerFigures(**{**given, **changed}), law)
    return {each.name: each.value for each in found}


def test_a_warning_is_said_above_its_share_of_a_profit_and_never_without_one() -> None:
    assert warned() == {}  # 400 of 1,000: exactly what may be unsaid
    assert warned(day_start=D("100599.99")) == {"consistency_gain": D("400.01"), "consistency_warn": D(400)}
    assert warned(day_start=D("100600.01")) == {}
    assert warned(equity=D(100_000), day_start=D(99_000)) == {}  # a loss won back is no profit


def test_a_bracket_stands_below_a_dollar_too() -> None:
    assert half_bracket_stands("long", D(2), D("0.5"), None)
    assert half_bracket_stands("long", D("0.5"), None, D(2))
    assert not half_bracket_stands("long", D(2), D(0), None)
    assert not half_bracket_stands("long", D(0), None, D(2))


def test_the_reward_of_a_short_is_measured_against_its_risk_and_not_its_sign() -> None:
    price, stop = D(100), D(110)
    assert reward_suffices(price, stop, D(90), D(1))
    assert not reward_suffices(price, stop, D("90.01"), D(1))
