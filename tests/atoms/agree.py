"""The three modes asked the same: where two of them answer, they answer alike."""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal

from agents.grammar import DecisionGrammar
from agents.model.calibrate import languages
from agents.model.engines import Mode, Speaking, load
from agents.model.lessons import rows
from agents.model.prompt import prompt
from agents.model.spoken import MARGIN_MIN, MASS_MIN, Spoken

EDGE = Decimal("0.01")
"""Figures are floored to this: two engines a rounding apart may stand on two sides of a threshold."""


def asked(count: int, seed: int) -> list[tuple[str, DecisionGrammar]]:
    """`count` prompts, the languages in turn."""
    known = languages()
    return [(prompt(row), known[at % len(known)]) for at, row in enumerate(rows(count, seed))]


def disagreement(speakings: list[Speaking], question: tuple[str, DecisionGrammar]) -> str | None:
    """What the modes say if they differ; one may be silent alone only at the edge of a threshold."""
    answers = [each.speak(*question) for each in speakings]
    if len({each.text if isinstance(each, Spoken) else each.reason.name for each in answers}) == 1:
        return None
    texts = {each.text for each in answers if isinstance(each, Spoken)}
    near = all(abs(each.margin - MARGIN_MIN) <= EDGE or abs(each.mass - MASS_MIN) <= EDGE for each in answers)
    return None if near and len(texts) == 1 else f"{question[0]}: {answers}"


def agreement(count: int, seed: int) -> int:
    """Print how often the modes answered alike; 1 if they ever differed."""
    speakings, began = [load(mode=mode) for mode in Mode], time.monotonic()
    found = [disagreement(speakings, question) for question in asked(count, seed)]
    wrong = [each for each in found if each is not None]
    for text in wrong[:5]:
        print(text[:600])
    counts: Counter[str] = speakings[0].counted
    said = " ".join(f"{what}={number}" for what, number in sorted(counts.items()))
    print(f"{count} prompts, {len(wrong)} disagreements, {time.monotonic() - began:.0f} s: {said}")
    return 1 if wrong else 0
