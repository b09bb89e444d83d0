"""A grammar's other forms: the pattern an automaton is built from, and the reading of a spoken text."""

import re
from dataclasses import dataclass

from agents.grammar import DecisionGrammar, Number, Part, Word, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What was said: an action and five whole numbers 0..100.

    size: percent of the quantity the contract leaves (BUY) or of what is held (SELL, CLOSE);
    band: percent of the allowed price drift; stop, target: percent above the contract's minimum;
    confidence: percent.
    """

    action: str
    size: int
    band: int
    stop: int
    target: int
    confidence: int


def pattern(grammar: DecisionGrammar) -> str:
    """The language as a regular expression without quantifiers or classes, for outlines.

    Numbers are listed one by one: the JSON-schema path of outlines 1.3.3 silently drops `minimum` and
    `maximum` (364 of 400 decisions out of contract), so a bound must be in the expression itself.
    """
    return "|".join("".join(_expression(part) for part in branch.parts) for branch in grammar.branches)


def _expression(part: Part) -> str:
    words = words_of(part)
    if len(words) == 1:
        return re.escape(words[0])
    return "(" + "|".join(re.escape(word) for word in words) + ")"


def read(grammar: DecisionGrammar, text: str) -> Slots | None:
    """The one reading of `text` in the language, or None if it is no complete sentence of it."""
    for branch in grammar.branches:
        words = _walk(branch.parts, text)
        if words is not None:
            return _slots(words)
    return None


def _walk(parts: tuple[Part, ...], text: str) -> list[str] | None:
    words: list[str] = []
    at = 0
    for part in parts:
        word = next((w for w in words_of(part) if text.startswith(w, at)), None)
        if word is None:
            return None
        words.append(word)
        at += len(word)
    return words if at == len(text) else None


def _slots(words: list[str]) -> Slots:
    size, band, stop, target, confidence = (int(word) for word in words[3::2])
    return Slots(action=words[1], size=size, band=band, stop=stop, target=target, confidence=confidence)


def choices(part: Part) -> int:
    """How many words may stand here; one means the word is forced and tells nothing about the model."""
    match part:
        case Word():
            return 1
        case Number():
            return part.high - part.low + 1
        case _:
            return len(part.words)
