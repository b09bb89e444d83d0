"""Six rows of logits into one sentence: the slots of many sentences are chosen and measured at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from agents.emit import slot_bounds
from agents.grammar import DecisionGrammar, number_word
from agents.model.judge import Heard
from agents.model.one_forward import LABELS, PLACES
from agents.model.vocabulary import IDS, VOCABULARY

STEPS: Final = 2 * len(LABELS) + 1
"""Tokens of every sentence: labels, values and the end mark."""

TOKENS_IN: Final = PLACES - 2 * len(LABELS) + 1
"""Tokens of every prompt with its begin mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """What a grammar allows. action: bool (vocabulary); slots: action id to bool (5, vocabulary)."""

    action: npt.NDArray[np.bool_]
    slots: dict[int, npt.NDArray[np.bool_]]


def masks(grammar: DecisionGrammar) -> Masks:
    bounds = slot_bounds(grammar)
    slots = {}
    for action, pairs in bounds.items():
        allowed = np.zeros((len(pairs), len(VOCABULARY)), dtype=np.bool_)
        for row, (low, high) in enumerate(pairs):
            allowed[row, [IDS[number_word(value)] for value in range(low, high + 1)]] = True
        slots[IDS[action]] = allowed
    action_mask = np.zeros(len(VOCABULARY), dtype=np.bool_)
    action_mask[list(slots)] = True
    return Masks(action=action_mask, slots=slots)


def heard_in(logits: npt.NDArray[np.float32], allowed: Sequence[Masks]) -> list[Heard]:
    """logits: (sentences, 6, vocabulary), masks one a sentence. Every row is judged by itself alone."""
    finite: npt.NDArray[np.bool_] = np.asarray(np.isfinite(logits).all(axis=(1, 2)))
    wanted = np.where(finite[:, None, None], logits, np.float32(0)).astype(np.float64)
    chances = np.exp(wanted - wanted.max(axis=-1, keepdims=True))
    chances /= chances.sum(axis=-1, keepdims=True)
    first = np.stack([each.action for each in allowed])
    actions = np.where(first, chances[:, 0], -1.0).argmax(axis=-1).tolist()
    rest = np.stack([each.slots[action] for each, action in zip(allowed, actions, strict=True)])
    mask = np.concatenate([first[:, None], rest], axis=1)
    held = np.where(mask, chances, 0.0)
    mass = held.sum(axis=-1)
    ranked = np.where(mask, chances, -1.0)
    said = ranked.argmax(axis=-1)
    best = np.take_along_axis(ranked, said[..., None], axis=-1)
    np.put_along_axis(ranked, said[..., None], -1.0, axis=-1)
    second = ranked.max(axis=-1)
    margin = (best[..., 0] - second) / np.maximum(mass, np.finfo(np.float64).tiny)
    rivals = second >= 0
    margin = np.where(rivals, margin, 1.0)
    asked = rivals.copy()
    asked[:, 0] = True  # the action, rival or not: a model that would buy and may only hold has no mass
    least_mass = np.where(asked, mass, 1.0).min(axis=-1).tolist()
    least_margin = margin.min(axis=-1).tolist()
    measured = zip(said.tolist(), least_mass, least_margin, finite.tolist(), strict=True)
    return [
        Heard(text=_text(ids), mass=m, margin=n, tokens_in=TOKENS_IN, steps=STEPS, finite=f)
        for ids, m, n, f in measured
    ]


def _text(ids: list[int]) -> str:
    return "".join(label + VOCABULARY[number] for label, number in zip(LABELS, ids, strict=True))
