"""One sentence after another through a model: the preface once, then only what has not been computed.

A `Forward` keeps keys and values of the sentence at hand. Ours runs plain Llamas; transformers' own runs any
other causal model in a folder. What is cached is cut in the same place for every prompt, behind the preface:
where a cache ends changes the last bits of what follows, and equal prompts give equal bytes.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import torch
from torch.nn import functional

from agents.model.llama import Llama

CONTEXT_MAX: Final = 8_192
"""Tokens of a prompt and its sentence that are kept, however many a model could: a bound on memory."""


class Forward(Protocol):
    context: int

    def begin(self, preface: Sequence[int]) -> int:
        """Forget the last sentence; keep the preface. Returns how many tokens are already computed."""

    def weights(self) -> Sequence[torch.Tensor]:
        """Every tensor an answer depends on."""

    def extend(self, ids: Sequence[int]) -> torch.Tensor:
        """Compute one token or more behind what there is: float32 (vocabulary) logits after the last."""


class OwnForward:
    """Our Llama, one token run at a time."""

    def __init__(self, llama: Llama) -> None:
        shape = llama.shape
        self.context = min(shape.context, CONTEXT_MAX)
        room = (len(llama.layers), 2, 1, shape.kv_heads, self.context, shape.head)
        self._kept = torch.zeros(room)
        self._llama = llama
        self._preface: tuple[int, ...] = ()
        self._done = 0

    def begin(self, preface: Sequence[int]) -> int:
        if tuple(preface) != self._preface:
            self._done = 0
            self._preface = tuple(preface)
            if preface:
                self.extend(preface)
        self._done = len(preface)
        return self._done

    def weights(self) -> Sequence[torch.Tensor]:
        return self._llama.tensors()

    def extend(self, ids: Sequence[int]) -> torch.Tensor:
        llama, done, end = self._llama, self._done, self._done + len(ids)
        turns = llama.turns[done:end]
        seen = None if len(ids) == 1 else _seen(done, end)
        x = functional.embedding(torch.tensor([list(ids)]), llama.embedding)
        for at, layer in enumerate(llama.layers):
            n = llama.normed(x)
            kept = self._kept[at]
            kept[0][:, :, done:end], kept[1][:, :, done:end] = llama.keys_values(layer, n, turns)
            if at == len(llama.layers) - 1:  # of the last layer only the last place is of interest
                x, n, turns, seen = x[:, -1:], n[:, -1:], turns[-1:], None
            q = llama.queries(layer, n, turns)
            x = llama.mixed(layer, x, attend(q, kept[0][:, :, :end], kept[1][:, :, :end], seen))
        self._done = end
        return functional.linear(llama.normed(x), llama.head)[0, 0]


class LibraryForward:
    """Any causal model of transformers with a cache that can be cropped."""

    def __init__(self, model: Any) -> None:
        self.context = min(int(model.config.max_position_embeddings), CONTEXT_MAX)
        self._model = model
        self._cache = self._fresh()
        self._preface: tuple[int, ...] = ()

    def _fresh(self) -> Any:
        from transformers import DynamicCache  # seconds: only for models our own forward does not know

        return DynamicCache(config=self._model.config)

    def begin(self, preface: Sequence[int]) -> int:
        if tuple(preface) != self._preface:
            self._cache = self._fresh()
            self._preface = tuple(preface)
            if preface:
                self.extend(preface)
        elif not preface:
            self._cache = self._fresh()
        else:
            surplus = self._cache.get_seq_length() - len(preface)
            if surplus:
                self._cache.crop(-surplus)
        return len(preface)

    def weights(self) -> Sequence[torch.Tensor]:
        return [each.detach() for each in self._model.parameters()]

    def extend(self, ids: Sequence[int]) -> torch.Tensor:
        out = self._model(
            input_ids=torch.tensor([list(ids)]), past_key_values=self._cache, use_cache=True, logits_to_keep=1
        )
        logits: torch.Tensor = out.logits[0, -1].float()
        return logits


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
    """(batch, heads, places, head) of queries over keys and values; `seen` is added to the scores."""
    return functional.scaled_dot_product_attention(
        q, k, v, attn_mask=seen, enable_gqa=q.shape[1] != k.shape[1]
    )


def _seen(done: int, end: int) -> torch.Tensor:
    """Of the places done..end each sees itself and all before it."""
    return torch.full((end - done, end), float("-inf")).triu(done + 1)
