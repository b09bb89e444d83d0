"""What one agent may say at all: its contract compiled into a language of six slots.

One intermediate form (literal, choice, bounded integer, sequence, branches) from which every emitter starts,
so that a bound stands in one place. Numbers are fixed-width words `000` … `100`: with free digits a grammar
that allows "4" still allows "44" (measured: 210 of 1,000 decisions at least five times too large).
They are *relative* (percent of what the contract leaves), so the language is static for a contract;
`agents.model.render` turns them into exact absolutes, rounding toward safety.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, TypeAlias, assert_never

from rules.contract import Authority, Contract
from schemas.models import Action, IntentKind

WIDTH: Final = 3
FULL: Final = 100
"""The largest number that can be said: all of what the contract leaves."""

SPEAKABLE: Final = ("BUY", "SELL", "CLOSE", "HOLD", "HALT")
"""Actions a single atom can carry. CANCEL and MANDATE name another order or a plan: no slot says them."""

SLOTS: Final = ("size", "band", "stop", "target", "confidence")
"""Number slots in the order in which they are spoken, after `action`."""

GrammarFault: TypeAlias = Literal["NOTHING_ALLOWED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One literal text, one token of the shipped vocabulary."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A bounded integer, both ends included, spoken as one word of three digits."""

    low: int
    high: int

    def __post_init__(self) -> None:
        assert 0 <= self.low <= self.high <= FULL, f"no such number can be spoken: {self.low}..{self.high}"

    def words(self) -> tuple[str, ...]:
        return tuple(number_word(value) for value in range(self.low, self.high + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One sequence of parts. Branches differ in their action, so a spoken text has one reading."""

    parts: "tuple[Part, ...]"


Part: TypeAlias = Word | Number | Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionGrammar:
    """The language of one contract.

    `branches` are ordered by SPEAKABLE; `canonical` is its JSON, `digest` the SHA-256 of that (32 bytes).
    """

    branches: tuple[Branch, ...]
    digest: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Once, here: engines look their compiled forms up by it, a thousand times a second.
        found = hashlib.sha256(b"interlock/1/grammar\x00" + self.canonical).digest()
        object.__setattr__(self, "digest", found)

    @property
    def canonical(self) -> bytes:
        tree = {
            "version": 1,
            "branches": [[_plain(part) for part in branch.parts] for branch in self.branches],
        }
        return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")

    @property
    def budget(self) -> int:
        """Tokens of the longest path and its end mark. Without one, output is silently truncated."""
        return max(len(branch.parts) for branch in self.branches) + 1

    @property
    def words(self) -> frozenset[str]:
        """Every word the language can ask for: the vocabulary must spell each as one token."""
        return frozenset(w for branch in self.branches for part in branch.parts for w in words_of(part))


def number_word(value: int) -> str:
    assert 0 <= value <= FULL, f"{value} cannot be spoken"
    return f"{value:0{WIDTH}d}"


def words_of(part: Part) -> tuple[str, ...]:
    match part:
        case Word():
            return (part.text,)
        case Choice():
            return part.words
        case Number():
            return part.words()
        case _:
            assert_never(part)


def speakable_actions(allowed: Iterable[str], forbidden: Iterable[str], *, observe: bool) -> tuple[str, ...]:
    """Forbidden beats allowed, absent is refused, and an observer can only hold."""
    granted = set(allowed) - set(forbidden)
    return tuple(a for a in SPEAKABLE if a in granted and (a == "HOLD" or not observe))


def compile_grammar(contract: Contract) -> DecisionGrammar | GrammarFault:
    """The language of one contract: what it grants, and nothing its limits leave no room for."""
    if IntentKind.ATOM not in contract.outputs:
        return "NOTHING_ALLOWED"
    # HALT is a veto's word: without one the kernel's gate 7 would refuse it every time.
    allowed = [a.value for a in contract.allowed_actions if a is not Action.HALT or contract.veto]
    forbidden = [action.value for action in contract.forbidden_actions]
    actions = speakable_actions(allowed, forbidden, observe=contract.authority is Authority.OBSERVE)
    limits = contract.limits
    ceilings = (
        limits.max_position_size,
        limits.max_order_value,
        limits.max_position_pct,
        limits.max_single_trade_pct,
        limits.max_leverage,
    )
    return grammar_of(actions, may_open=min(ceilings) > 0 and limits.max_open_positions > 0)


def grammar_of(actions: Iterable[str], *, may_open: bool) -> DecisionGrammar | GrammarFault:
    """Compile the actions granted. `may_open` is false where the contract lets nothing be held.

    An empty language is a fault of the contract, found before any flow meets it.
    """
    granted = set(actions)
    said = [a for a in SPEAKABLE if a in granted and (a != "BUY" or may_open)]
    if not said:
        return "NOTHING_ALLOWED"
    return _language(tuple(said))


@cache  # there are 31 of them
def _language(said: tuple[str, ...]) -> DecisionGrammar:
    return DecisionGrammar(branches=tuple(_branch(action) for action in said))


def _branch(action: str) -> Branch:
    bounds = _BOUNDS[action]
    parts: list[Part] = [Word(text="action="), Word(text=action)]
    for slot in SLOTS:
        low, high = bounds[slot]
        parts += [Word(text=f";{slot}="), Number(low=low, high=high)]
    return Branch(parts=tuple(parts))


_ANY: Final = (0, FULL)
_NONE: Final = (0, 0)
_SOME: Final = (1, FULL)
_ALL: Final = (FULL, FULL)

_BOUNDS: Final[dict[str, dict[str, tuple[int, int]]]] = {
    # An opening trade needs a bracket; a closing one has none. HOLD and HALT move nothing: quantity 0.
    "BUY": {"size": _SOME, "band": _ANY, "stop": _ANY, "target": _ANY, "confidence": _ANY},
    "SELL": {"size": _SOME, "band": _ANY, "stop": _NONE, "target": _NONE, "confidence": _ANY},
    "CLOSE": {"size": _ALL, "band": _ANY, "stop": _NONE, "target": _NONE, "confidence": _ANY},
    "HOLD": {"size": _NONE, "band": _NONE, "stop": _NONE, "target": _NONE, "confidence": _ANY},
    "HALT": {"size": _NONE, "band": _NONE, "stop": _NONE, "target": _NONE, "confidence": _ANY},
}


def _plain(part: Part) -> dict[str, object]:
    match part:
        case Word():
            return {"word": part.text}
        case Choice():
            return {"choice": list(part.words)}
        case Number():
            return {"low": part.low, "high": part.high}
        case _:
            assert_never(part)


EVERYTHING: Final = _language(SPEAKABLE)
"""Every action granted: what a model is taught, measured and checked under."""
