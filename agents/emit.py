"""A grammar's other forms: an automaton's pattern, our own slot program, and the reading of a spoken text."""

import re
from dataclasses import dataclass

from agents.grammar import SLOTS, WIDTH, Branch, DecisionGrammar, Number, Part, Word, words_of


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
        word = _word_at(part, text, at)
        if word is None:
            return None
        words.append(word)
        at += len(word)
    return words if at == len(text) else None


def _word_at(part: Part, text: str, at: int) -> str | None:
    if isinstance(part, Number):
        word = text[at : at + WIDTH]
        digits = len(word) == WIDTH and word.isascii() and word.isdigit()
        return word if digits and part.low <= int(word) <= part.high else None
    return next((word for word in words_of(part) if text.startswith(word, at)), None)


def _slots(words: list[str]) -> Slots:
    size, band, stop, target, confidence = (int(word) for word in words[3::2])
    return Slots(action=words[1], size=size, band=band, stop=stop, target=target, confidence=confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place where the model chooses: the words allowed, and the words forced after whichever it takes."""

    words: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One branch as a program: the words forced before its first gap, then its gaps in order."""

    lead: tuple[str, ...]
    gaps: tuple[Gap, ...]


def program(grammar: DecisionGrammar) -> tuple[Path, ...]:
    """The language as our own engines run it: a word that has no rival is never asked for."""
    return tuple(_path(branch) for branch in grammar.branches)


def _path(branch: Branch) -> Path:
    """Runs of forced words between the parts that leave a choice."""
    forced: list[list[str]] = [[]]
    choices: list[tuple[str, ...]] = []
    for part in branch.parts:
        words = words_of(part)
        if len(words) == 1:
            forced[-1].append(words[0])
        else:
            choices.append(words)
            forced.append([])
    gaps = (Gap(words=c, after=tuple(run)) for c, run in zip(choices, forced[1:], strict=True))
    return Path(lead=tuple(forced[0]), gaps=tuple(gaps))


def slot_bounds(grammar: DecisionGrammar) -> dict[str, tuple[tuple[int, int], ...]]:
    """Action to the (low, high) of each number slot in the order of SLOTS: what one forward is read by."""
    found = {}
    for branch in grammar.branches:
        _, action, *rest = branch.parts
        assert isinstance(action, Word), "a branch names its action"
        numbers = [part for part in rest if isinstance(part, Number)]
        labels = [part.text for part in rest if isinstance(part, Word)]
        assert labels == [f";{slot}=" for slot in SLOTS], f"{labels} are not the slots"
        found[action.text] = tuple((number.low, number.high) for number in numbers)
    return found
