"""A grammar's mask that remembers what the model wanted before it was masked.

Masking is not clipping: where a contract is tighter than training, the best allowed word is often wrong. The
softmax mass on allowed words tells (>= 0.5: 786 of 786 right; below: 21 of 214), and so does the distance
between the two best of them. Forced words say nothing about the model and are not counted.
"""

from dataclasses import dataclass, field

import torch
from outlines.backends.outlines_core import OutlinesCoreLogitsProcessor
from outlines_core import Index


@dataclass(slots=True)
class Seen:
    """Of one sentence: smallest mass and top-two margin over unforced words, and what went wrong."""

    mass: float = 1.0
    margin: float = 1.0
    steps: int = 0
    finite: bool = True
    stuck: bool = False


@dataclass(slots=True)
class _Memory:
    seen: Seen = field(default_factory=Seen)


class Watch(OutlinesCoreLogitsProcessor):
    """The reference mask of outlines for one sentence at a time, with a record beside it."""

    def __init__(self, index: Index) -> None:
        super().__init__(index, "torch")
        self.memory = _Memory()

    def reset(self) -> None:
        """Forget the last sentence; outlines calls this before each one."""
        super().reset()
        self.memory = _Memory()

    @property
    def seen(self) -> Seen:
        return self.memory.seen

    def process_logits(self, input_ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Mask logits (1, vocabulary); the mask itself is the parent's."""
        assert logits.shape[0] == 1, "one sentence at a time: batches are a loop, so that bytes stay the same"
        raw = logits.detach().clone().double()[0]
        masked: torch.Tensor = super().process_logits(input_ids, logits)
        self._note(raw, torch.isfinite(masked[0]))
        return masked

    def _note(self, raw: torch.Tensor, allowed: torch.Tensor) -> None:
        seen = self.seen
        seen.steps += 1
        if not bool(torch.isfinite(raw).all()):
            seen.finite = False
            return
        count = int(allowed.sum())
        if count == 0:
            seen.stuck = True
        if count < 2:
            return
        chances = torch.softmax(raw, dim=-1)[allowed]
        mass = float(chances.sum())
        best = torch.topk(chances, 2).values
        seen.mass = min(seen.mass, mass)
        seen.margin = min(seen.margin, float(best[0] - best[1]) / mass if mass > 0 else 0.0)
