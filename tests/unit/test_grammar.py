"""The language of a contract: what it grants can be said, and nothing else."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.emit import Slots, pattern, read
from agents.grammar import DecisionGrammar, Number, compile_grammar, grammar_of
from agents.model.vocabulary import SPOKEN, unspelled
from rules.contract import Authority
from schemas.models import Action
from tests.stream_scenes import CONTRACT

BUY = "action=BUY;size=025;band=010;stop=020;target=030;confidence=080"
HOLD = "action=HOLD;size=000;band=000;stop=000;target=000;confidence=055"


def whole() -> DecisionGrammar:
    grammar = grammar_of(("BUY", "SELL", "CLOSE", "HOLD", "HALT"), may_open=True)
    assert isinstance(grammar, DecisionGrammar)
    return grammar


def actions(grammar: object) -> list[str]:
    assert isinstance(grammar, DecisionGrammar)
    return [getattr(branch.parts[1], "text", "") for branch in grammar.branches]


def test_a_sentence_of_the_language_has_one_reading():
    assert read(whole(), BUY) == Slots(action="BUY", size=25, band=10, stop=20, target=30, confidence=80)


@pytest.mark.parametrize(
    "text",
    [
        "",
        BUY + "0",
        BUY.replace("025", "25"),
        BUY.replace("025", "125"),
        BUY.replace("025", "101"),
        BUY.replace("025", "000"),
        BUY.replace("BUY", "MANDATE"),
        BUY.replace("=", "= "),
        HOLD.replace("size=000", "size=001"),
        HOLD.replace("HOLD", "HALT").replace("stop=000", "stop=100"),
        BUY.replace("BUY", "CLOSE"),
        BUY.replace("025", "٠٢٥"),
    ],
)
def test_what_is_not_a_sentence_is_not_read_and_not_matched(text):
    assert read(whole(), text) is None
    assert re.fullmatch(pattern(whole()), text) is None


def test_hold_and_halt_force_quantity_zero_in_the_language_itself():
    for action in ("HOLD", "HALT"):
        for size in range(101):
            text = HOLD.replace("HOLD", action).replace("size=000", f"size={size:03d}")
            assert (read(whole(), text) is not None) == (size == 0)


def test_reading_and_pattern_agree_on_every_size():
    for size in range(101):
        text = BUY.replace("025", f"{size:03d}")
        assert (read(whole(), text) is not None) == (re.fullmatch(pattern(whole()), text) is not None)


def test_forbidden_beats_allowed_and_absent_is_refused():
    contract = replace(CONTRACT, forbidden_actions=(Action.BUY,))
    assert actions(compile_grammar(contract)) == ["SELL", "CLOSE", "HOLD"]


def test_an_observer_can_only_hold():
    assert actions(compile_grammar(replace(CONTRACT, authority=Authority.OBSERVE))) == ["HOLD"]


@pytest.mark.parametrize(
    "name",
    ["max_position_size", "max_order_value", "max_position_pct", "max_single_trade_pct", "max_leverage"],
)
def test_a_limit_of_zero_takes_buying_out_of_the_language(name):
    contract = replace(CONTRACT, limits=replace(CONTRACT.limits, **{name: Decimal(0)}))
    assert "BUY" not in actions(compile_grammar(contract))


def test_a_contract_that_allows_nothing_sayable_is_a_fault():
    assert compile_grammar(replace(CONTRACT, allowed_actions=(Action.CANCEL,))) == "NOTHING_ALLOWED"
    assert compile_grammar(replace(CONTRACT, allowed_actions=())) == "NOTHING_ALLOWED"


def test_the_digest_changes_with_any_bound_and_with_nothing_else():
    one, same = compile_grammar(CONTRACT), compile_grammar(replace(CONTRACT, mission="other words"))
    other = compile_grammar(replace(CONTRACT, allowed_actions=(Action.HOLD,)))
    assert isinstance(one, DecisionGrammar)
    assert isinstance(same, DecisionGrammar)
    assert isinstance(other, DecisionGrammar)
    assert one.digest == same.digest
    assert one.digest != other.digest
    parts = one.branches[0].parts
    narrowed = replace(one.branches[0], parts=(*parts[:3], Number(low=1, high=99), *parts[4:]))
    assert replace(one, branches=(narrowed, *one.branches[1:])).digest != one.digest


def test_the_budget_is_the_longest_path_and_its_end_mark():
    assert whole().budget == 13


def test_the_vocabulary_spells_every_word_and_no_digit():
    assert unspelled(whole().words) == ()
    assert [word for word in SPOKEN if word.isdigit() and len(word) != 3] == []


def test_no_number_beyond_one_hundred_can_be_built():
    with pytest.raises(AssertionError):
        Number(low=0, high=101)
