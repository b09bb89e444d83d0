"""The words a wake expression may use, and its text cut into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rules.config_error import ConfigError

LENGTH_MAX = 512
TOKENS_MAX = 128

SIGNAL_KINDS = ("QUOTE", "TRADE", "BAR", "NEWS", "TIMER", "INSTRUCTION")

NAMES = frozenset(
    {
        "last", "mid", "spread_bps", "sma", "ema", "rsi", "atr", "volatility", "drawdown",
        "return_1m", "return_5m", "return_15m", "return_60m",
        "held", "kind", "notional_usd",
    }
)  # fmt: skip

TokenKind = Literal["number", "word", "sign", "end"]

_KINDS: tuple[TokenKind, ...] = ("number", "word", "sign")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,18}(?:\.[0-9]{1,18})?)(?![0-9A-Za-z_.])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]{0,63})"
    r"|(?P<sign>>=|<=|==|!=|>|<|\(|\)|-))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of the text: what it is, how it is spelled, where it begins."""

    kind: TokenKind
    text: str
    at: int


def fault(text: str, at: int, what: str) -> ConfigError:
    """The ConfigError that points into a wake expression."""
    return ConfigError(
        "wake", f"{what} at character {at + 1} of {text[:LENGTH_MAX]!r}", "as in: abs(return_1m) > 0.005"
    )


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of ``text`` and an end mark. Raises ConfigError on other characters and on too much text."""
    if len(text) > LENGTH_MAX:
        raise ConfigError("wake", f"more than {LENGTH_MAX} characters", "shorten it")
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:
            raise fault(text, at, "nothing that can be read")
        kind = next(kind for kind in _KINDS if match.group(kind) is not None)
        found.append(Token(kind=kind, text=match.group(kind), at=match.start(kind)))
        at = match.end()
        if len(found) > TOKENS_MAX:
            raise ConfigError("wake", f"more than {TOKENS_MAX} words", "shorten it")
    return (*found, Token(kind="end", text="", at=end))
