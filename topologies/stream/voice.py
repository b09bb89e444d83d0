"""What the stream road asks of a model: several sentences at once, the same bytes as one by one.

One engine a process, and one thread in it at a time: a shared generator is not thread-safe (25 of 50
concurrent calls raised, one answered wrongly in silence), and the timer that follows the registry compiles
new contracts while the loop speaks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from agents.grammar import DecisionGrammar
from agents.model.spoken import Silent, Speaker, Spoken
from schemas.reasons import LaneReason

BATCH_MAX = 8
"""Flows asked together: at eight a forward pass costs hardly more than one, beyond it the first one waits."""

Question: TypeAlias = tuple[str, DecisionGrammar]


class Engine(Protocol):
    """A loaded model, not thread-safe. ``compile`` raises ModelChanged on a word it cannot say."""

    def compile(self, grammar: DecisionGrammar) -> object: ...

    def speak_many(self, asked: Sequence[Question]) -> list[Spoken | Silent]: ...


class Speaking(Protocol):
    """What a thinker asks."""

    def speak_many(self, asked: Sequence[Question]) -> list[Spoken | Silent]:
        """An answer to each (prompt, grammar), in their order."""
        ...


class Voice:
    """An engine for several threads. Raises ModelChanged where a grammar has a word the model cannot say.

    changed: the engine has said that the weights in memory are no longer those that were loaded.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._compiled: set[bytes] = set()
        self.changed = False

    def compile(self, grammar: DecisionGrammar) -> None:
        """Have a grammar ready before a flow asks for it."""
        with self._lock:
            self._ready(grammar)

    def speak_many(self, asked: Sequence[Question]) -> list[Spoken | Silent]:
        """An answer to each question, in their order, at most BATCH_MAX to the engine at once."""
        answers: list[Spoken | Silent] = []
        with self._lock:
            for _, grammar in asked:
                self._ready(grammar)
            for first in range(0, len(asked), BATCH_MAX):
                answers += self._engine.speak_many(asked[first : first + BATCH_MAX])
        self.changed = self.changed or any(_says_changed(each) for each in answers)
        assert len(answers) == len(asked), "an engine answers every question"
        return answers

    def _ready(self, grammar: DecisionGrammar) -> None:
        digest = grammar.digest
        if digest not in self._compiled:
            self._engine.compile(grammar)
            self._compiled.add(digest)


def _says_changed(answer: Spoken | Silent) -> bool:
    return isinstance(answer, Silent) and answer.reason is LaneReason.MODEL_CHANGED


class OneByOne:
    """A speaker of single sentences, asked one after the other."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    def speak_many(self, asked: Sequence[Question]) -> list[Spoken | Silent]:
        """An answer to each question, in their order."""
        return [self._speaker.speak(prompt, grammar) for prompt, grammar in asked]
