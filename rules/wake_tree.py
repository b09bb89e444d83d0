"""What a wake expression means: Kleene's logic over exact comparisons, and which comparison decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias, assert_never

from schemas.money import CONTEXT, plain

Sign = Literal[">", ">=", "<", "<=", "==", "!="]
Values: TypeAlias = Mapping[str, Decimal | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A figure: a literal or a name, perhaps its absolute value, perhaps negated."""

    name: str | None = None
    literal: Decimal = Decimal(0)
    absolute: bool = False
    negative: bool = False

    def value(self, values: Values) -> Decimal | None:
        found = self.literal if self.name is None else values.get(self.name)
        if not isinstance(found, Decimal) or not found.is_finite():
            return None
        found = found.copy_abs() if self.absolute else found
        return CONTEXT.minus(found) if self.negative else found

    def __str__(self) -> str:
        text = plain(self.literal) if self.name is None else self.name
        return ("-" if self.negative else "") + (f"abs({text})" if self.absolute else text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two figures and a sign between them."""

    left: Operand
    sign: Sign
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindIs:
    """Whether the signal is (or is not) of one kind."""

    word: str
    negated: bool

    def __str__(self) -> str:
        return f"kind {'!=' if self.negated else '=='} {self.word}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    inner: Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    parts: tuple[Tree, ...]


Tree: TypeAlias = Comparison | KindIs | Not | Every | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A truth (None: unknown) and the comparison that decided it."""

    truth: bool | None
    predicate: str
    measured: Decimal | None = None
    threshold: Decimal | None = None
    unknown: tuple[str, ...] = ()


def decide(tree: Tree, values: Values) -> Found:
    """Evaluate ``tree``; its depth is bounded by the parser."""
    match tree:
        case Comparison():
            return _compare(tree, values)
        case KindIs():
            kind = values.get("kind")
            if not isinstance(kind, str):
                return Found(truth=None, predicate=str(tree), unknown=("kind",))
            return Found(truth=(kind == tree.word) != tree.negated, predicate=str(tree))
        case Not():
            return _negated(decide(tree.inner, values))
        case Every():
            return _first(tree.parts, values, deciding=False)
        case AnyOf():
            return _first(tree.parts, values, deciding=True)
        case _:
            assert_never(tree)


def _compare(tree: Comparison, values: Values) -> Found:
    left, right = tree.left.value(values), tree.right.value(values)
    if left is None or right is None:
        missing = tuple(
            side.name
            for side, value in ((tree.left, left), (tree.right, right))
            if value is None and side.name is not None
        )
        return Found(truth=None, predicate=str(tree), measured=left, threshold=right, unknown=missing)
    return Found(truth=_holds(left, tree.sign, right), predicate=str(tree), measured=left, threshold=right)


def _holds(left: Decimal, sign: Sign, right: Decimal) -> bool:
    match sign:
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case "==":
            return left == right
        case "!=":
            return left != right
        case _:
            assert_never(sign)


def _negated(found: Found) -> Found:
    return Found(
        truth=None if found.truth is None else not found.truth,
        predicate=f"not {found.predicate}",
        measured=found.measured,
        threshold=found.threshold,
        unknown=found.unknown,
    )


def _first(parts: tuple[Tree, ...], values: Values, *, deciding: bool) -> Found:
    """One ``deciding`` part decides; else an unknown one leaves it unknown; else the last part speaks."""
    found = [decide(part, values) for part in parts]
    for wanted in (deciding, None):
        for one in found:
            if one.truth is wanted:
                return one
    return found[-1]
