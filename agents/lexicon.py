"""The words the sentiment agent knows: a closed list with weights, so that a score can be checked by hand."""

from __future__ import annotations

import re

WEIGHTS: dict[str, int] = {
    "adopt": 1, "adopts": 1, "adoption": 1, "approval": 2, "approve": 2, "approves": 2, "bounce": 1,
    "bullish": 2, "gain": 1, "gains": 1, "growth": 1, "launch": 1, "launches": 1, "optimism": 1,
    "partnership": 1, "rally": 2, "rallies": 2, "rebound": 1, "rebounds": 1, "record": 1, "recover": 1,
    "recovers": 1, "recovery": 1, "rise": 1, "rises": 1, "soar": 2, "soars": 2, "support": 1, "surge": 2,
    "surges": 2, "upgrade": 1, "welcome": 1, "welcomes": 1,
    "ban": -3, "banned": -3, "bans": -3, "bearish": -2, "collapse": -3, "collapses": -3, "concern": -1,
    "concerns": -1, "crackdown": -2, "crash": -3, "crashes": -3, "decline": -1, "declines": -1, "drop": -1,
    "drops": -1, "fall": -1, "falls": -1, "fear": -2, "fears": -2, "fraud": -2, "freeze": -2, "freezes": -2,
    "hack": -2, "hacked": -2, "halt": -2, "halts": -2, "illegal": -2, "investigation": -2, "liquidation": -2,
    "loss": -1, "losses": -1, "outage": -1, "panic": -2, "plunge": -2, "plunges": -2, "probe": -1,
    "selloff": -2, "sell-off": -2, "slump": -2, "slumps": -2, "suspend": -2, "suspends": -2, "theft": -2,
    "tumble": -2, "tumbles": -2, "warning": -1, "warns": -1,
}  # fmt: skip
NEGATIONS = frozenset({"no", "not", "without", "denies", "denied", "lifts", "unlikely"})
MENTIONS: dict[str, frozenset[str]] = {
    "btc-usd": frozenset({"bitcoin", "btc", "xbt"}),
    "eth-usd": frozenset({"ether", "ethereum", "eth"}),
}
WORD = re.compile(r"[a-z][a-z-]*[a-z]|[a-z]")
WORDS_MAX = 64  # a headline; what is longer is not one
SCORE_MAX = 6  # per headline: one hysterical line is not two


def words(text: str) -> list[str]:
    """The lower-case words of a headline, at most 64."""
    return WORD.findall(text.lower())[:WORDS_MAX]


def concerns(text: str, instrument: str) -> bool:
    """Whether a headline is about the instrument: it names it, or it names no coin at all."""
    found = set(words(text))
    named = {coin for coin, names in MENTIONS.items() if found & names}
    return not named or instrument in named


def score(text: str) -> int:
    """The sum of the weights of its words, a word right after a negation turned round, within ±6."""
    total, negated = 0, False
    for word in words(text):
        weight = WEIGHTS.get(word, 0)
        total += -weight if negated else weight
        negated = word in NEGATIONS
    return max(-SCORE_MAX, min(SCORE_MAX, total))
