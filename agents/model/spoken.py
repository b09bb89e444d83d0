"""What an engine answers: a sentence with how sure it was, or a fault by name. Nothing here needs torch."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final, Protocol

from agents.emit import Slots
from agents.grammar import DecisionGrammar
from schemas.reasons import LaneReason

HUNDREDTH: Final = Decimal("0.01")
MASS_MIN: Final = Decimal("0.50")
"""Feasible mass below which greedy under the mask was mostly wrong (21 of 214 right)."""

MARGIN_MIN: Final = Decimal("0.10")
"""Top-two margin below which two engines, or two machines, may rightly answer differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One sentence. mass, margin: 0..1, rounded down to 0.01; hashes: 32 bytes."""

    text: str
    slots: Slots
    mass: Decimal
    margin: Decimal
    tokens_in: int
    tokens_out: int
    model_hash: bytes
    grammar_hash: bytes
    prompt_hash: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """No sentence: the reason by name (TRUNCATED, NOT_FINITE, LOW_MASS, LOW_MARGIN …), with the measures."""

    reason: LaneReason
    mass: Decimal
    margin: Decimal
    tokens_in: int
    tokens_out: int


class Speaker(Protocol):
    """Anything that says one sentence of a grammar to a prompt."""

    def speak(self, prompt: str, grammar: DecisionGrammar) -> Spoken | Silent: ...


def floored(share: float) -> Decimal:
    """A measured share rounded down to 0.01, clamped to 0..1: what is compared and signed is exact."""
    return max(Decimal(0), min(Decimal(1), Decimal(share).quantize(HUNDREDTH, rounding=ROUND_FLOOR)))
