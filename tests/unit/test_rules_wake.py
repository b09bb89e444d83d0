"""Wake expressions: what they mean, what they say about themselves, and what is refused."""

from decimal import Decimal

import pytest

from rules.config_error import ConfigError
from rules.wake import parse
from rules.wake_words import LENGTH_MAX
from tests.rules_cases import shipped_contracts

D = Decimal
SEEN = {
    "return_1m": D("-0.006"),
    "return_5m": D("0.004"),
    "rsi": D(25),
    "drawdown": None,
    "held": D(0),
    "kind": "BAR",
    "spread_bps": D("NaN"),
}

MEANINGS = (
    ("", True),
    ("abs(return_1m) > 0.005", True),
    ("abs(return_1m) > 0.006", False),
    ("abs(return_1m) >= 0.006", True),
    ("return_1m < -0.005", True),
    ("-return_1m > 0.005", True),
    ("return_1m == -0.0060", True),
    ("rsi != 25", False),
    ("kind == BAR", True),
    ("kind != BAR or rsi < 30", True),
    ("kind == NEWS and rsi < 30", False),
    ("not kind == NEWS", True),
    ("not (rsi > 30 or held > 0)", True),
    ("rsi < 30 and held > 0 or kind == BAR", True),
    ("rsi < 30 and (held > 0 or kind == NEWS)", False),
    ("drawdown > 0.1", False),
    ("not drawdown > 0.1", False),
    ("drawdown > 0.1 or rsi < 30", True),
    ("drawdown > 0.1 and rsi < 30", False),
    ("volatility >= 0", False),
    ("spread_bps < 5", False),
    ("abs(-abs(return_1m)) > return_5m", True),
)


@pytest.mark.parametrize(("text", "expected"), MEANINGS)
def test_an_expression_means_what_it_says_and_unknown_wakes_nobody(text, expected):
    assert parse(text).evaluate(SEEN).woken is expected


def test_the_answer_names_the_comparison_that_decided_with_its_figures():
    found = parse("kind == NEWS or abs(return_1m) > 0.0100").evaluate(SEEN)
    assert (found.woken, found.predicate) == (False, "abs(return_1m) > 0.01")
    assert (found.measured, found.threshold) == (D("0.006"), D("0.01"))
    assert parse("").evaluate({}).predicate == "always"


def test_what_was_unknown_is_named():
    assert parse("rsi < 30 and drawdown > 0.1").evaluate(SEEN).unknown == ("drawdown",)
    assert parse("kind == BAR").evaluate({}).unknown == ("kind",)


REFUSED = (
    "abs(return) > 0.005",
    "return_1m",
    "return_1m >",
    "return_1m > 0.005 0.006",
    "return_1m > 0.005 and",
    "(return_1m > 0.005",
    "return_1m > 0.005)",
    "abs return_1m > 0.005",
    "1 < rsi < 2",
    "rsi = 3",
    "rsi > 1e5",
    "rsi > 0x10",
    "rsi > 1_000",
    "kind > 3",
    "kind == kind",
    "kind == GOSSIP",
    "and",
    "not",
    "__import__('os') > 1",
    "rsi.real > 1",
    "rsi > ٣",
    "rsi > 1;",
    "not " * 17 + "rsi > 1",
    "(" * 17 + "rsi > 1" + ")" * 17,
    "rsi > 1 or " * 40 + "rsi > 1",
    " " * LENGTH_MAX + "rsi > 1",
)


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_grammar_does_not_hold_is_a_config_error(text):
    with pytest.raises(ConfigError):
        parse(text)


def test_sixteen_levels_are_read():
    assert parse("(" * 15 + "rsi < 30" + ")" * 15).evaluate(SEEN).woken


def test_the_shipped_expressions_wake_as_their_lanes_need():
    contracts = shipped_contracts()
    quiet_bar = {"kind": "BAR", "return_5m": D("0.001")}
    loud_bar = {"kind": "BAR", "return_5m": D("-0.02")}
    woken = {
        name: [parse(contract.wake).evaluate(seen).woken for seen in ({"kind": "TIMER"}, quiet_bar, loud_bar)]
        for name, contract in contracts.items()
    }
    assert woken["risk"] == woken["sentiment"] == woken["prover"] == [True, True, True]
    assert woken["strategy"] == [True, False, True]
    assert woken["sovereign"] == [False, False, True]
