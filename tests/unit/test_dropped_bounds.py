"""A bound dropped anywhere is found: each bound of the language, the renderer and the judge is taken away once.

The table below is written from the law, not from the code: what each action may say in each slot.
"""

import random
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.emit import pattern, read, slot_bounds
from agents.grammar import EVERYTHING, SLOTS, SPEAKABLE, Branch, DecisionGrammar, Number, compile_grammar
from agents.model.check import violations
from agents.model.render import NoRoom, Order, Scene, render
from rules.contract import Authority
from schemas.models import Action, IntentKind
from tests.atoms.gates import Gates
from tests.stream_scenes import CONTRACT, RISING, account, drawn_scene, scene, snapshot

ANY, NONE, SOME, ALL = range(101), range(1), range(1, 101), range(100, 101)
SAYABLE = {
    "BUY": (SOME, ANY, ANY, ANY, ANY),
    "SELL": (SOME, ANY, NONE, NONE, ANY),
    "CLOSE": (ALL, ANY, NONE, NONE, ANY),
    "HOLD": (NONE, NONE, NONE, NONE, ANY),
    "HALT": (NONE, NONE, NONE, NONE, ANY),
}
PLACES = [(action, slot) for action in SPEAKABLE for slot in SLOTS]


def sentence(action: str, changed: str, value: int) -> str:
    """A sentence of the law in which one slot has another value."""
    honest = {slot: values[0] for slot, values in zip(SLOTS, SAYABLE[action], strict=True)}
    honest[changed] = value
    return f"action={action}" + "".join(f";{slot}={honest[slot]:03d}" for slot in SLOTS)


def sayable(action: str, slot: str) -> range:
    return SAYABLE[action][SLOTS.index(slot)]


def said_by(grammar: DecisionGrammar, action: str, slot: str) -> dict[str, list[int]]:
    """What each emitter lets be said in one slot."""
    expression = re.compile(pattern(grammar))
    low, high = slot_bounds(grammar)[action][SLOTS.index(slot)]
    texts = {value: sentence(action, slot, value) for value in range(101)}
    return {
        "read": [value for value, text in texts.items() if read(grammar, text) is not None],
        "pattern": [value for value, text in texts.items() if expression.fullmatch(text)],
        "bounds": list(range(low, high + 1)),
    }


@pytest.mark.parametrize(("action", "slot"), PLACES)
def test_every_emitter_says_exactly_what_the_law_lets_be_said(action, slot):
    wanted = list(sayable(action, slot))
    assert said_by(EVERYTHING, action, slot) == {"read": wanted, "pattern": wanted, "bounds": wanted}


@pytest.mark.parametrize(("action", "slot"), PLACES)
def test_the_masks_of_all_engines_hold_the_same_words(action, slot):
    from agents.model.forks import Walk, spelled
    from agents.model.slots import masks
    from agents.model.tongue import ClosedTongue
    from agents.model.vocabulary import IDS, VOCABULARY

    row = masks(EVERYTHING).slots[IDS[action]][SLOTS.index(slot)]
    wanted = [f"{value:03d}" for value in sayable(action, slot)]
    assert [word for word, allowed in zip(VOCABULARY, row, strict=True) if allowed] == wanted
    walk = Walk(spelled(EVERYTHING, ClosedTongue()))
    ids = ClosedTongue().spell(["action=", action])
    for before in SLOTS[: SLOTS.index(slot)]:
        ids += ClosedTongue().spell([f";{before}=", f"{sayable(action, before)[0]:03d}"])
    for number in (*ids, IDS[f";{slot}="]):
        assert number in walk.allowed
        walk.step(number)
    assert [VOCABULARY[number] for number in walk.allowed] == wanted


def widened(action: str, slot: str) -> DecisionGrammar | None:
    """The language with the bounds of one slot dropped; None where it has none."""
    if sayable(action, slot) == ANY:
        return None

    def without(branch: Branch) -> Branch:
        parts = list(branch.parts)
        at = 3 + 2 * SLOTS.index(slot)
        assert isinstance(parts[at], Number)
        parts[at] = Number(low=0, high=100)
        return replace(branch, parts=tuple(parts)) if getattr(parts[1], "text", "") == action else branch

    return DecisionGrammar(branches=tuple(without(branch) for branch in EVERYTHING.branches))


@pytest.mark.parametrize(("action", "slot"), [each for each in PLACES if sayable(*each) != ANY])
def test_a_bound_dropped_from_the_language_is_seen_by_the_judge_and_by_the_digest(action, slot):
    loose = widened(action, slot)
    assert loose is not None
    assert loose.digest != EVERYTHING.digest
    anywhere = drawn_scene(random.Random(1), CONTRACT)
    order = Order(action=action, quantity=Decimal(0))
    for value in ANY:
        if value not in sayable(action, slot):
            text = sentence(action, slot, value)
            assert read(loose, text) is not None
            assert f"TEXT_{slot.upper()}" in violations(text, order, anywhere)


def grants(**changed: object) -> list[str]:
    grammar = compile_grammar(replace(CONTRACT, **changed))
    return [] if isinstance(grammar, str) else [getattr(b.parts[1], "text", "") for b in grammar.branches]


def test_what_a_contract_does_not_grant_is_not_in_its_language():
    every = tuple(Action)
    assert grants(allowed_actions=every, veto=True) == list(SPEAKABLE)
    assert grants(allowed_actions=every, veto=False) == ["BUY", "SELL", "CLOSE", "HOLD"]
    assert grants(allowed_actions=every, outputs=(IntentKind.POLICY,)) == []
    assert grants(allowed_actions=every, authority=Authority.OBSERVE) == ["HOLD"]
    for action in SPEAKABLE:
        assert action not in grants(allowed_actions=every, veto=True, forbidden_actions=(Action(action),))


@pytest.mark.parametrize(
    ("changed", "action", "fault"),
    [
        ({"allowed_actions": (Action.SELL,)}, "HOLD", "ACTION_FORBIDDEN"),
        ({"forbidden_actions": (Action.HOLD,)}, "HOLD", "ACTION_FORBIDDEN"),
        ({"authority": Authority.OBSERVE, "allowed_actions": tuple(Action)}, "CLOSE", "AUTHORITY_EXCEEDED"),
        ({"allowed_actions": tuple(Action)}, "HALT", "AUTHORITY_EXCEEDED"),
        ({"outputs": (IntentKind.POLICY,)}, "HOLD", "AUTHORITY_EXCEEDED"),
        ({"allowed_instruments": ("btc-usd",)}, "HOLD", "UNAUTHORIZED_INSTRUMENT"),
    ],
)
def test_a_grant_dropped_from_the_language_is_seen_by_the_judge_and_by_gate_seven(changed, action, fault):
    there = drawn_scene(random.Random(1), replace(CONTRACT, **changed))
    order = Order(action=action, quantity=Decimal(0))
    assert fault in violations(sentence(action, "confidence", 55), order, there)
    assert fault in Gates().refusals(order, there)


BOUNDS = {
    "max_position_size": (Decimal("0.5"), Decimal(10**9), "MAX_POSITION"),
    "max_order_value": (Decimal(50), Decimal(10**12), "MAX_ORDER_VALUE"),
    "max_position_pct": (Decimal("0.001"), Decimal(1_000), "MAX_POSITION"),
    "max_single_trade_pct": (Decimal("0.001"), Decimal(1_000), "MAX_SINGLE_TRADE"),
    "max_leverage": (Decimal("0.001"), Decimal(1_000), "MAX_LEVERAGE"),
    "max_open_positions": (0, 100, "MAX_OPEN_POSITIONS"),
    "min_risk_reward": (Decimal(5), Decimal("0.5"), "MIN_RISK_REWARD"),
    "min_stop_atr_multiple": (Decimal(4), Decimal("0.5"), "MIN_STOP_ATR"),
}
"""Of each limit: a value that binds, one that does not, and what breaking it is called."""

GREEDY = "action=BUY;size=100;band=100;stop=000;target=000;confidence=080"


def within(**bounds: object) -> Scene:
    """A calm scene in which only the bounds named bind."""
    wide = {name: loose for name, (_, loose, _) in BOUNDS.items()}
    limits = replace(CONTRACT.limits, **(wide | bounds))
    calm = replace(RISING, volatility=Decimal(0))
    return scene(replace(CONTRACT, limits=limits), snapshot(calm, account(Decimal(0), Decimal(100_000))))


def rendered(text: str, told: Scene) -> Order:
    slots = read(EVERYTHING, text)
    assert slots is not None
    order = render(slots, told)
    assert isinstance(order, Order)
    return order


@pytest.mark.parametrize("name", BOUNDS)
def test_a_limit_dropped_from_the_renderer_is_seen_by_the_judge_and_by_gate_nine(name):
    """The renderer is told a scene without the bound, the judges the true one."""
    tight, _, fault = BOUNDS[name]
    order, true = rendered(GREEDY, within()), within(**{name: tight})
    assert violations(GREEDY, order, within()) == ()
    assert violations(GREEDY, order, true) == (fault,)
    assert Gates().refusals(order, true) == (fault,)


@pytest.mark.parametrize("name", [each for each in BOUNDS if each != "max_open_positions"])
def test_a_limit_kept_by_the_renderer_is_kept(name):
    true = within(**{name: BOUNDS[name][0]})
    order = rendered(GREEDY, true)
    assert violations(GREEDY, order, true) == ()
    assert Gates().refusals(order, true) == ()


def test_no_room_is_left_where_nothing_may_be_held():
    said = read(EVERYTHING, GREEDY)
    assert said is not None
    assert isinstance(render(said, within(max_open_positions=0)), NoRoom)


@pytest.mark.parametrize("action", ["BUY", "SELL", "CLOSE"])
def test_a_band_dropped_from_the_renderer_is_seen_by_the_judge(action):
    text = sentence(action, "band", 100).replace("size=001", "size=100")
    told = scene(seen=snapshot(RISING, account(Decimal(5) if action != "BUY" else Decimal(0))))
    narrow = replace(CONTRACT, drift=replace(CONTRACT.drift, envelope_bps=Decimal(1)))
    order = rendered(text, told)
    assert "BAND" not in violations(text, order, told)
    assert "BAND" in violations(text, order, replace(told, contract=narrow))


@pytest.mark.parametrize(
    ("action", "fault"), [("SELL", "INSUFFICIENT_POSITION"), ("BUY", "INSUFFICIENT_FUNDS")]
)
def test_what_is_not_there_is_neither_sold_nor_spent(action, fault):
    text = sentence(action, "band", 0).replace("size=001", "size=100")
    rich = scene(seen=snapshot(RISING, account(Decimal(5) if action == "SELL" else Decimal(0))))
    poor = scene(seen=snapshot(RISING, account(Decimal(1), Decimal(1))))
    assert fault in violations(text, rendered(text, rich), poor)
