"""From what an engine measured to a sentence or a reasoned silence: the same judgement for every engine."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from agents.emit import read
from agents.grammar import DecisionGrammar
from agents.model.spoken import MARGIN_MIN, MASS_MIN, Silent, Spoken, floored
from schemas.reasons import LaneReason

Stop: TypeAlias = Callable[[DecisionGrammar], LaneReason | None]
"""Asked before each forward and once after the last: DEADLINE, CONTRACT_CHANGED …, or None to go on."""


@dataclass(slots=True, kw_only=True)
class Heard:
    """Of one sentence: its text; smallest mass and top-two margin over the places where words had rivals.

    steps: tokens said, the end mark included; finite: no logit was NaN or infinite; stuck: nothing was
    allowed; stopped: why it was broken off.
    """

    text: str = ""
    mass: float = 1.0
    margin: float = 1.0
    tokens_in: int = 0
    steps: int = 0
    finite: bool = True
    stuck: bool = False
    stopped: LaneReason | None = None

    def note(self, mass: float, best: list[float]) -> None:
        """Count one place where the model was asked: the mass allowed, and its two best (or only) chances."""
        self.mass = min(self.mass, mass)
        if len(best) > 1:
            self.margin = min(self.margin, (best[0] - best[1]) / mass if mass > 0 else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a sentence comes from. model_hash: 32 bytes; fingerprint: what may change a float's last bit."""

    model_hash: bytes
    fingerprint: str


def judged(
    heard: Heard, prompt: str, grammar: DecisionGrammar, budget: int, origin: Origin
) -> Spoken | Silent:
    """The sentence if nothing speaks against it; it is whole and in its language, or TRUNCATED.

    budget: tokens of the longest sentence with its end mark.
    """
    mass, margin = floored(heard.mass), floored(heard.margin)
    slots = read(grammar, heard.text)
    reason = _fault(heard)
    if reason is None and (slots is None or heard.steps > budget):
        reason = LaneReason.TRUNCATED
    if reason is None and mass < MASS_MIN:
        reason = LaneReason.LOW_MASS
    if reason is None and margin < MARGIN_MIN:
        reason = LaneReason.LOW_MARGIN
    if reason is not None or slots is None:
        assert reason is not None
        return Silent(
            reason=reason, mass=mass, margin=margin, tokens_in=heard.tokens_in, tokens_out=heard.steps
        )
    return Spoken(
        text=heard.text,
        slots=slots,
        mass=mass,
        margin=margin,
        tokens_in=heard.tokens_in,
        tokens_out=heard.steps,
        model_hash=origin.model_hash,
        grammar_hash=grammar.digest,
        prompt_hash=hashlib.sha256(prompt.encode("utf-8")).digest(),
        fingerprint=origin.fingerprint,
    )


def _fault(heard: Heard) -> LaneReason | None:
    if not heard.finite:
        return LaneReason.NOT_FINITE
    if heard.stuck:
        return LaneReason.NO_ALLOWED_TOKEN
    return heard.stopped
