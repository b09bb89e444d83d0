"""What a measured mass is worth: how often an answer was right, by how much of its belief was allowed."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations
from typing import Final

from agents.grammar import SPEAKABLE, DecisionGrammar, grammar_of
from agents.model.engines import Speaking
from agents.model.prompt import Levels, prompt
from agents.model.spoken import Spoken
from agents.model.teacher import teach

SPANS: Final = (Decimal("0.01"), Decimal("0.50"), Decimal("0.90"), Decimal("0.99"), Decimal("1.01"))
"""Upper ends of the spans of mass, each excluded from its own."""


def languages() -> list[DecisionGrammar]:
    """Every language a contract can have: each choice of actions that leaves something to say."""
    found = []
    for count in range(1, len(SPEAKABLE) + 1):
        for actions in combinations(SPEAKABLE, count):
            grammar = grammar_of(actions, may_open=True)
            assert isinstance(grammar, DecisionGrammar)
            found.append(grammar)
    return found


def calibration(engine: Speaking, asked: Iterable[Levels]) -> dict[str, dict[str, int]]:
    """Counts by span of mass: asked; sayable (the language holds the teacher's answer); said; right."""
    lows = (Decimal(0), *SPANS[:-1])
    names = [f"{low} to {high}" for low, high in zip(lows, SPANS, strict=True)]
    found = {name: {"asked": 0, "sayable": 0, "said": 0, "right": 0} for name in names}
    rows = list(asked)
    for grammar in languages():
        for seen in rows:
            wanted, heard = teach(seen), engine.speak(prompt(seen), grammar)
            counts = found[next(n for n, high in zip(names, SPANS, strict=True) if heard.mass < high)]
            counts["asked"] += 1
            counts["sayable"] += wanted.action in grammar.words
            counts["said"] += isinstance(heard, Spoken)
            counts["right"] += isinstance(heard, Spoken) and heard.slots == wanted
    return found
