"""Single pass: many prompts, one forward, six slots each."""

from collections.abc import Sequence

import torch

from agents.grammar import DecisionGrammar
from agents.model.judge import Heard, Stop
from agents.model.llama import Llama
from agents.model.manifest import ModelChanged
from agents.model.one_forward import OneForward
from agents.model.slots import STEPS, Masks, heard_in, masks
from agents.model.vocabulary import unspelled


class SinglePass:
    """The engine of the shipped model. Raises ModelChanged if the model cannot be read in one forward."""

    def __init__(self, llama: Llama) -> None:
        self._llama = llama
        self._forward = OneForward(llama)
        self._known: dict[bytes, Masks] = {}

    def compile(self, grammar: DecisionGrammar) -> int:
        """Make the masks of a language; the tokens of its sentences. Raises ModelChanged: not spelled."""
        self._masks(grammar)
        return STEPS

    def weights(self) -> list[torch.Tensor]:
        return self._llama.tensors() + self._forward.tensors()

    def hear(self, asked: Sequence[tuple[str, DecisionGrammar]], stop: Stop) -> list[Heard]:
        """One sentence for each; a row of logits has the same bits whatever stands in the other rows."""
        heard = [Heard(stopped=stop(grammar)) for _, grammar in asked]
        going = [at for at, each in enumerate(heard) if each.stopped is None]
        if going:
            logits = self._forward.logits([asked[at][0] for at in going]).numpy()
            found = heard_in(logits, [self._masks(asked[at][1]) for at in going])
            for at, each in zip(going, found, strict=True):
                each.stopped = stop(asked[at][1])
                heard[at] = each
        return heard

    def _masks(self, grammar: DecisionGrammar) -> Masks:
        digest = grammar.digest
        if digest not in self._known:
            missing = unspelled(grammar.words)
            if missing:
                raise ModelChanged(f"the vocabulary does not spell {missing[:5]}: choose another model")
            self._known[digest] = masks(grammar)  # 31 languages at most have six slots
        return self._known[digest]
