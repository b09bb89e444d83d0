"""Jump-forward: only tokens that have a rival are asked for, the rest ride along with the next question."""

from collections.abc import Sequence
from typing import Final

import torch

from agents.grammar import DecisionGrammar
from agents.model.forks import Fork, Spelled, spelled
from agents.model.forward import Forward
from agents.model.judge import Heard, Stop
from agents.model.tongue import Tongue
from schemas.reasons import LaneReason

GRAMMARS_MAX: Final = 64
"""Compiled grammars kept: more active contracts than this in one worker are compiled again."""


class JumpForward:
    """One model behind a Forward, one sentence at a time."""

    def __init__(self, forward: Forward, tongue: Tongue) -> None:
        self._forward = forward
        self._tongue = tongue
        self._known: dict[bytes, Spelled] = {}

    def compile(self, grammar: DecisionGrammar) -> int:
        """Spell the language once; its token budget. Raises ModelChanged if it cannot be said."""
        return self._spelled(grammar).budget

    def weights(self) -> Sequence[torch.Tensor]:
        return self._forward.weights()

    def hear(self, asked: Sequence[tuple[str, DecisionGrammar]], stop: Stop) -> list[Heard]:
        """One sentence for each; a loop, so that the bytes do not depend on what else was asked."""
        return [self._sentence(prompt, grammar, stop) for prompt, grammar in asked]

    def _sentence(self, prompt: str, grammar: DecisionGrammar, stop: Stop) -> Heard:
        language, ids = self._spelled(grammar), self._tongue.ask(prompt)
        if ids is None or len(ids) + language.budget > self._forward.context:
            return Heard(stopped=LaneReason.TRUNCATED)
        heard, said = Heard(tokens_in=len(ids)), list(language.start.forced)
        pending = [*ids[self._begun(ids) :], *said]
        fork = language.start.then
        while fork is not None:
            heard.stopped = stop(grammar)
            if heard.stopped is not None:
                return heard
            at = choose(self._forward.extend(pending), fork, heard)
            if at is None:
                return heard
            pending = [fork.allowed[at], *fork.runs[at].forced]
            said += pending
            fork = fork.runs[at].then
            assert len(said) < language.budget, "a sentence is longer than its language's longest"
        heard.steps = len(said) + 1
        heard.text = self._tongue.text(said)
        heard.stopped = stop(grammar)
        return heard

    def _begun(self, ids: tuple[int, ...]) -> int:
        """Tokens of the prompt that are computed already: the preface, if the tokenizer kept it whole."""
        preface = self._tongue.preface
        return self._forward.begin(preface if ids[: len(preface)] == preface else ())

    def _spelled(self, grammar: DecisionGrammar) -> Spelled:
        digest = grammar.digest
        if digest not in self._known:
            if len(self._known) >= GRAMMARS_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[digest] = spelled(grammar, self._tongue)
        return self._known[digest]


def choose(logits: torch.Tensor, fork: Fork, heard: Heard) -> int | None:
    """The place in the fork of its likeliest token, measured into `heard`; None if a logit is not finite."""
    if not bool(torch.isfinite(logits).all()):
        heard.finite = False
        return None
    chances = torch.softmax(logits.double(), dim=-1)[list(fork.allowed)]
    heard.note(float(chances.sum()), torch.topk(chances, min(2, len(fork.allowed))).values.tolist())
    return int(chances.argmax())
