"""One forward of the shipped kind of model, in which every slot of a sentence can be read.

The model reads all values as one word (its rows for them are equal, which is checked), so a slot's logits do
not depend on what was said before it: the sentence's labels stand in the input with a placeholder in each
slot, and one forward gives all six answers. Speaking word by word is the same arithmetic.

Every word has its fixed place, so a word's first queries, keys and values are looked up; after the last
layer only the six labels are of interest.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch.nn import functional

from agents.grammar import SLOTS
from agents.model.forward import attend
from agents.model.llama import Llama
from agents.model.manifest import ModelChanged
from agents.model.prompt import SCALES
from agents.model.vocabulary import BEGIN, IDS, VALUES

PLACEHOLDER: Final = VALUES[0]
LABELS: Final = ("action=", *(f";{slot}=" for slot in SLOTS))
READ_AT: Final = tuple(len(SCALES) + 1 + 2 * at for at in range(len(LABELS)))
"""Places of the labels: `<s>`, the prompt's words, then label, placeholder, label, placeholder …"""

PLACES: Final = READ_AT[-1] + 1


class OneForward:
    """The shipped kind of model, unrolled over its fixed places. Raises ModelChanged if it hears itself."""

    def __init__(self, llama: Llama) -> None:
        values = torch.tensor([IDS[word] for word in VALUES])
        if not bool((llama.embedding[values] == llama.embedding[values[0]]).all()):
            raise ModelChanged("the model hears its own values: use the mode jump_forward")
        if len(llama.layers) < 2:
            raise ModelChanged("single_pass reads models of two layers and more: use the mode jump_forward")
        self._llama = llama
        self._turns = llama.turns[:PLACES]
        places = torch.arange(PLACES)
        self._seen = torch.where(places[None, :] <= places[:, None], 0.0, float("-inf"))
        self._rows, self._fixed = self._looked_up()

    def _looked_up(self) -> tuple[dict[tuple[int, str], int], list[int]]:
        """Tables with a row for each word in each place it can have: its embedding, first q, k and v."""
        fixed = [(0, BEGIN)] + [(place, label) for place, label in zip(READ_AT, LABELS, strict=True)]
        fixed += [(place + 1, PLACEHOLDER) for place in READ_AT[:-1]]
        seen = [(1 + at, scale.word(level)) for at, scale in enumerate(SCALES) for level in scale.levels]
        pairs = sorted(fixed) + seen
        llama = self._llama
        layer, turns = llama.layers[0], self._turns[torch.tensor([place for place, _ in pairs])]
        self._words = llama.embedding[torch.tensor([IDS[word] for _, word in pairs])]
        normed = llama.normed(self._words)[None]
        self._q = llama.queries(layer, normed, turns)[0].transpose(0, 1).contiguous()
        k, v = llama.keys_values(layer, normed, turns)
        self._k, self._v = (part[0].transpose(0, 1).contiguous() for part in (k, v))
        return {pair: at for at, pair in enumerate(pairs)}, list(range(len(fixed)))

    def tensors(self) -> list[torch.Tensor]:
        return [self._words, self._q, self._k, self._v]

    def places_of(self, prompt: str) -> list[int]:
        """Rows of a prompt's sentence. AssertionError for a word that the prompt's maker cannot have made."""
        words = prompt.split(" ")
        found = [self._rows.get((1 + at, word)) for at, word in enumerate(words)]
        rows = [row for row in found if row is not None]
        assert len(rows) == len(words) == len(SCALES), f"no prompt of this model: {prompt[:80]!r}"
        return [self._fixed[0], *rows, *self._fixed[1:]]

    def logits(self, prompts: Sequence[str]) -> torch.Tensor:
        """float32 (prompts, 6 slots, vocabulary): what the model would say in each slot."""
        llama, labels = self._llama, list(READ_AT)
        rows = torch.tensor([self.places_of(prompt) for prompt in prompts])
        x = self._words[rows]
        q, k, v = (table[rows].transpose(1, 2) for table in (self._q, self._k, self._v))
        x = llama.mixed(llama.layers[0], x, attend(q, k, v, self._seen))
        for layer in llama.layers[1:-1]:
            n = llama.normed(x)
            k, v = llama.keys_values(layer, n, self._turns)
            heard = attend(llama.queries(layer, n, self._turns), k, v, self._seen)
            x = llama.mixed(layer, x, heard)
        last, n = llama.layers[-1], llama.normed(x)
        k, v = llama.keys_values(last, n, self._turns)
        q = llama.queries(last, n[:, labels], self._turns[labels])
        x = llama.mixed(last, x[:, labels], attend(q, k, v, self._seen[labels]))
        return functional.linear(llama.normed(x), llama.head)
