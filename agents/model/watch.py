"""The reference mask, outlines', with a memory of what the model wanted before it was masked.

Masking is not clipping: where a contract is tighter than training, the best allowed word is often wrong. The
softmax mass on allowed words tells (>= 0.5: 786 of 786 right; below: 21 of 214), and so does the distance
between the two best of them. Forced words say nothing about the model and are not counted.
"""

import torch
from outlines.backends.outlines_core import OutlinesCoreLogitsProcessor
from outlines_core import Index

from agents.grammar import DecisionGrammar
from agents.model.forks import Spelled, Walk
from agents.model.judge import Heard, Stop


class Stopped(Exception):
    """Ends a generation of outlines from within; the reason stands in what was heard."""


class Watch(OutlinesCoreLogitsProcessor):
    """The mask of one sentence at a time, with a record beside it.

    language: tells where the model is asked; canonical: leave only its tokens of those that outlines allows
    (for tokenizers of subwords). Without a language, every place with a rival counts as asked.
    """

    def __init__(self, index: Index, language: Spelled | None = None, *, canonical: bool = False) -> None:
        super().__init__(index, "torch")
        self.heard = Heard()
        self._language = language
        self._canonical = canonical
        self._walk = None if language is None else Walk(language)
        self._asked: tuple[Stop, DecisionGrammar] | None = None

    def reset(self) -> None:
        """Forget the last sentence; outlines calls this before each one."""
        super().reset()
        self.heard = Heard()
        self._walk = None if self._language is None else Walk(self._language)

    def listen(self, stop: Stop, grammar: DecisionGrammar) -> None:
        """Whom to ask before each word of the next sentences."""
        self._asked = (stop, grammar)

    def process_logits(self, input_ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Mask logits (1, vocabulary); the mask itself is the parent's. Raises Stopped."""
        assert logits.shape[0] == 1, "one sentence at a time: batches are a loop, so that bytes stay the same"
        if self._asked is not None:
            stop, grammar = self._asked
            self.heard.stopped = stop(grammar)
            if self.heard.stopped is not None:
                raise Stopped
        raw = logits.detach().clone().double()[0]
        first = self.is_first_token
        masked: torch.Tensor = super().process_logits(input_ids, logits)
        asked = None
        if self._walk is not None:
            if not first:
                self._walk.step(int(input_ids[0, -1]))
            asked = self._walk.asked
            if self._canonical:
                others = torch.full_like(masked, float("-inf"))
                others[:, list(self._walk.allowed)] = 0.0
                masked = masked + others
        self._note(raw, torch.isfinite(masked[0]), asked)
        return masked

    def _note(self, raw: torch.Tensor, allowed: torch.Tensor, asked: bool | None) -> None:
        heard = self.heard
        heard.steps += 1
        if not bool(torch.isfinite(raw).all()):
            heard.finite = False
            return
        count = int(allowed.sum())
        if count == 0:
            heard.stuck = True
        elif asked or (asked is None and count > 1):
            chances = torch.softmax(raw, dim=-1)[allowed]
            heard.note(float(chances.sum()), torch.topk(chances, min(2, count)).values.tolist())
