"""When an agent is woken: a small declarative expression, parsed and never evaluated as code.

    expression := conjunction ("or" conjunction)*        conjunction := negation ("and" negation)*
    negation   := "not" negation | "(" expression ")" | comparison
    comparison := operand (">" | ">=" | "<" | "<=" | "==" | "!=") operand
                | "kind" ("==" | "!=") WORD
    operand    := ["-"] (NUMBER | NAME | "abs" "(" operand ")")

An unknown value makes a comparison unknown (Kleene's logic), and unknown wakes nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rules.wake_read import Reader
from rules.wake_tree import Found, Tree, decide
from rules.wake_words import NAMES, tokens

ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """``woken`` and the comparison that decided it, with its figures; ``unknown`` names what was missing."""

    woken: bool
    predicate: str
    measured: Decimal | None = None
    threshold: Decimal | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed wake expression; without a tree it always wakes."""

    tree: Tree | None

    def evaluate(self, values: Mapping[str, Decimal | str | None]) -> Woken:
        """Whether ``values`` wake; returns, volatility, drawdown are fractions, spread_bps basis points."""
        if self.tree is None:
            return Woken(woken=True, predicate=ALWAYS)
        found: Found = decide(self.tree, values)
        return Woken(
            woken=found.truth is True,
            predicate=found.predicate,
            measured=found.measured,
            threshold=found.threshold,
            unknown=found.unknown,
        )


def parse(text: str, names: Collection[str] = NAMES) -> Expression:
    """The expression ``text`` spells; empty text always wakes.

    Raises ConfigError on what the grammar above does not hold, on names outside ``names``, and beyond 512
    characters, 128 words or 16 levels.
    """
    if not text.strip():
        return Expression(None)
    return Expression(Reader(text, tokens(text), frozenset(names)).whole())
