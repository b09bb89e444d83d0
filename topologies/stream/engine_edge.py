"""The engine this process speaks with; importing it loads torch, so only who speaks imports it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.grammar import DecisionGrammar
from agents.model.engine import Engine
from agents.model.golden import whole_language
from agents.model.spoken import Silent, Spoken
from agents.model.vocabulary import unspelled


class Loaded:
    """The reference engine, one sentence after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.mode = "outlines"
        self.model_hash, self.fingerprint = engine.model_hash, engine.fingerprint

    def unspelled(self) -> tuple[str, ...]:
        """Words of the whole language that the model cannot say."""
        return unspelled(whole_language().words)

    def compile(self, grammar: DecisionGrammar) -> None:
        """Raises ModelChanged on a word that cannot be said."""
        self._engine.compile(grammar)

    def speak(self, prompt: str, grammar: DecisionGrammar) -> Spoken | Silent:
        """The answer to one question."""
        return self._engine.speak(prompt, grammar)

    def speak_many(self, asked: Sequence[tuple[str, DecisionGrammar]]) -> list[Spoken | Silent]:
        """An answer to each question, in their order."""
        return [self._engine.speak(prompt, grammar) for prompt, grammar in asked]


def load(folder: Path, mode: str, *, golden: bool = True) -> Loaded:
    """The model in ``folder``, checked. Raises ModelChanged."""
    return Loaded(Engine.load(folder, golden=golden))
