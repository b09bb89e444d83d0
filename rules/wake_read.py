"""Reading a wake expression: recursive descent with a bound on its depth."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, get_args

from rules.wake_tree import AnyOf, Comparison, Every, KindIs, Not, Operand, Sign, Tree
from rules.wake_words import SIGNAL_KINDS, Token, TokenKind, fault

DEPTH_MAX: Final = 16
_SIGNS: Final[dict[str, Sign]] = {sign: sign for sign in get_args(Sign)}
_RESERVED: Final = frozenset({"and", "or", "not", "abs", "kind"})


class Reader:
    """One pass over the tokens of one expression; lives for one `parse` call."""

    def __init__(self, text: str, tokens: tuple[Token, ...], names: frozenset[str]) -> None:
        self._text = text
        self._tokens = tokens
        self._names = names
        self._place = 0

    def whole(self) -> Tree:
        """The tree of the whole text. Raises ConfigError where it does not follow the grammar."""
        tree = self._either(1)
        if self._here.kind != "end":
            raise self._fault("one thing too many")
        return tree

    @property
    def _here(self) -> Token:
        return self._tokens[self._place]

    def _fault(self, what: str) -> Exception:
        return fault(self._text, self._here.at, what)

    def _take(self, kind: TokenKind, text: str) -> bool:
        if self._here.kind == kind and self._here.text == text:
            self._place += 1
            return True
        return False

    def _either(self, depth: int) -> Tree:
        parts = [self._both(depth)]
        while self._take("word", "or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else AnyOf(parts=tuple(parts))

    def _both(self, depth: int) -> Tree:
        parts = [self._negation(depth)]
        while self._take("word", "and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else Every(parts=tuple(parts))

    def _negation(self, depth: int) -> Tree:
        if depth > DEPTH_MAX:
            raise self._fault(f"more than {DEPTH_MAX} levels")
        if self._take("word", "not"):
            return Not(inner=self._negation(depth + 1))
        if self._take("sign", "("):
            inner = self._either(depth + 1)
            if not self._take("sign", ")"):
                raise self._fault("a bracket stays open")
            return inner
        return self._comparison()

    def _comparison(self) -> Tree:
        if self._take("word", "kind"):
            return self._kind()
        left = self._operand()
        sign = _SIGNS.get(self._here.text) if self._here.kind == "sign" else None
        if sign is None:
            raise self._fault("a comparison is missing")
        self._place += 1
        return Comparison(left=left, sign=sign, right=self._operand())

    def _kind(self) -> KindIs:
        if "kind" not in self._names:
            raise self._fault("kind is not known here")
        negated = self._take("sign", "!=")
        if not negated and not self._take("sign", "=="):
            raise self._fault("kind takes == or !=")
        word = self._here
        if word.kind != "word" or word.text not in SIGNAL_KINDS:
            raise self._fault("a signal kind is missing")
        self._place += 1
        return KindIs(word=word.text, negated=negated)

    def _operand(self) -> Operand:
        negative = self._take("sign", "-")
        if self._take("word", "abs"):
            if not self._take("sign", "("):
                raise self._fault("abs takes brackets")
            inner = self._operand()
            if not self._take("sign", ")"):
                raise self._fault("a bracket stays open")
            return Operand(name=inner.name, literal=inner.literal, absolute=True, negative=negative)
        token = self._here
        if token.kind == "number":
            self._place += 1
            return Operand(literal=Decimal(token.text), negative=negative)
        if token.kind == "word" and token.text in self._names and token.text not in _RESERVED:
            self._place += 1
            return Operand(name=token.text, negative=negative)
        if token.kind == "word" and token.text not in _RESERVED:
            raise self._fault(f"unknown name {token.text!r}")
        raise self._fault("a figure is missing")
