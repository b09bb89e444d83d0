"""Lessons: seeded rows of levels and the teacher's answers, as token ids.

Rows are drawn evenly over all levels, then half of them are moved to where the teacher acts: an even draw is
nine parts HOLD, and a model that always holds would be right nine times in ten.
"""

import numpy as np
import torch

from agents.emit import Slots
from agents.grammar import SLOTS, number_word
from agents.model.prompt import SCALES, Levels, of_row, prompt
from agents.model.teacher import teach
from agents.model.vocabulary import BEGIN, END, IDS, VALUES

PROMPT_TOKENS = len(SCALES) + 1
ANSWER_TOKENS = 2 + 2 * len(SLOTS) + 1
TOKENS = PROMPT_TOKENS + ANSWER_TOKENS
BATCH = 256
"""Rows of one training step; part of what a seed means."""


def answer_words(said: Slots) -> list[str]:
    """The sentence the model is to say, as words of the vocabulary, end mark included."""
    words = ["action=", said.action]
    for slot in SLOTS:
        words += [f";{slot}=", number_word(getattr(said, slot))]
    return [*words, END]


def encode(seen: Levels, said: Slots) -> list[int]:
    words = [BEGIN, *prompt(seen).split(" "), *answer_words(said)]
    return [IDS[word] for word in words]


def rows(count: int, seed: int) -> list[Levels]:
    """`count` rows of levels, the same for the same seed."""
    draw = np.random.default_rng(seed)
    drawn = np.stack([draw.integers(s.levels.start, s.levels.stop, count) for s in SCALES], axis=1)
    active = draw.random(count) < 0.5
    # Columns short, gap, rsi, held, spread: where buying, selling and closing live.
    drawn[active, 0] = np.where(
        draw.random(active.sum()) < 0.5, draw.integers(2, 5, active.sum()), drawn[active, 0]
    )
    drawn[active, 2] = np.where(drawn[active, 0] >= 2, draw.integers(0, 4, active.sum()), drawn[active, 2])
    drawn[active, 3] = np.where(drawn[active, 0] >= 2, draw.integers(1, 7, active.sum()), drawn[active, 3])
    drawn[active, 7] = draw.integers(0, 3, active.sum())
    return [of_row([int(value) for value in row]) for row in drawn]


def heard(batch: torch.Tensor) -> torch.Tensor:
    """The same token ids with every value replaced by one of them: the placeholder of a slot.

    A model that learns from these cannot lean on what it said before, so that every slot can be read from
    one forward and a sentence spoken word by word is still the same sentence.
    """
    values = torch.tensor([IDS[word] for word in VALUES])
    return torch.where(torch.isin(batch, values), values[0], batch)


def deafen(embedding: torch.Tensor) -> None:
    """Give all values the row of the placeholder, in place: shape (vocabulary, width)."""
    values = torch.tensor([IDS[word] for word in VALUES])
    with torch.no_grad():
        embedding[values] = embedding[values[0]].clone()


def lessons(count: int, seed: int) -> torch.Tensor:
    """int64 (count, TOKENS): begin mark, prompt, answer, end mark."""
    return torch.tensor([encode(seen, teach(seen)) for seen in rows(count, seed)], dtype=torch.long)
