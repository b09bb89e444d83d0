"""Many atoms of many voices under many contracts: what was said, what became of it, what any judge minded.

A voice is asked for texts, not for answers: thresholds of mass and margin would hide what the mask lets by.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from outlines_core import Index

from agents.emit import pattern, read
from agents.grammar import DecisionGrammar, compile_grammar
from agents.model.check import violations
from agents.model.engine import spoken_vocabulary
from agents.model.engines import Voice
from agents.model.judge import Heard
from agents.model.lessons import rows
from agents.model.prompt import prompt
from agents.model.render import NoRoom, Scene, render
from agents.model.slots import heard_in, masks
from agents.model.vocabulary import END, VOCABULARY
from agents.model.watch import Watch
from rules.contract import Contract
from rules.exact import ratio
from rules.resolve import regime_of, resolve
from tests.atoms.gates import Gates
from tests.stream_scenes import drawn_contract, drawn_scene

BATCH = 8
LOUD = 10.0
"""Spread of random logits: as sure of itself as a trained model, about nothing."""


@dataclass
class Tally:
    """Counts by action (and NO_ROOM), and the first failures as text."""

    atoms: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Sentences that became atoms; of one without room nothing is left to judge."""
        return sum(count for what, count in self.atoms.items() if what != "NO_ROOM")


def contracts(count: int, seed: int) -> list[tuple[Contract, DecisionGrammar]]:
    """Random contracts that leave something to say, each with its language."""
    draw = random.Random(seed)
    found: list[tuple[Contract, DecisionGrammar]] = []
    while len(found) < count:
        contract = replace(drawn_contract(draw), veto=draw.random() < 0.5)
        grammar = compile_grammar(contract)
        if isinstance(grammar, DecisionGrammar):
            found.append((contract, grammar))
    return found


def campaign(voice: Voice, atoms: int, *, count: int = 64, seed: int = 1) -> Tally:
    """Ask `voice` until `atoms` sentences were judged under `count` contracts; NO_ROOM is no atom."""
    draw, tally, gates = random.Random(seed), Tally(), Gates()
    under = contracts(count, seed)
    prompts = _prompts(seed)
    made = at = 0
    while made < atoms:
        chosen = [under[(at + n) % count] for n in range(BATCH)]
        at += BATCH
        with torch.inference_mode():
            heard = voice.hear([(next(prompts), grammar) for _, grammar in chosen], lambda _: None)
        for (contract, grammar), each in zip(chosen, heard, strict=True):
            what = judged(each, contract, grammar, draw, gates, tally)
            tally.atoms[what] += 1
            made += what != "NO_ROOM"
    return tally


def judged(
    heard: Heard,
    contract: Contract,
    grammar: DecisionGrammar,
    draw: random.Random,
    gates: Gates,
    tally: Tally,
) -> str:
    """Render one sentence in a random scene and have it judged three times; the action, or NO_ROOM."""
    said = read(grammar, heard.text)
    scene = tightened(drawn_scene(draw, contract))
    if said is None or not heard.finite or heard.stuck:
        tally.failures.append(f"outside the grammar: {heard}")
        return "OUTSIDE"
    order = render(said, scene)
    if isinstance(order, NoRoom):
        return "NO_ROOM"
    broken = (*violations(heard.text, order, scene), *gates.refusals(order, scene))
    if broken:
        tally.failures.append(
            f"{heard.text} as {order} breaks {broken}: bid {scene.view.bid}, {scene.limits}"
        )
    return order.action


def tightened(scene: Scene) -> Scene:
    """The scene under the overlays that its snapshot calls for, as the agent resolves them."""
    snapshot, volatility = scene.snapshot, scene.view.volatility
    gained = ratio(snapshot.equity - snapshot.day_start, snapshot.day_start, "ROUND_CEILING")
    found = resolve(
        scene.contract.limits, regime=regime_of(volatility), volatility=volatility, profit_pct=gained
    )
    return replace(scene, limits=found.limits)


def _prompts(seed: int) -> Iterator[str]:
    while True:
        yield from (prompt(row) for row in rows(4_096, seed))
        seed += 1


class Chance:
    """A voice of random logits through the slots of single pass."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)

    def compile(self, grammar: DecisionGrammar) -> int:
        return grammar.budget

    def weights(self) -> list[torch.Tensor]:
        return []

    def hear(self, asked: Sequence[tuple[str, DecisionGrammar]], stop: object) -> list[Heard]:
        logits = self._draw.standard_normal((len(asked), 6, len(VOCABULARY)), dtype=np.float32) * LOUD
        return heard_in(logits, [masks(grammar) for _, grammar in asked])


class ChanceForward:
    """A model whose logits are random: what jump-forward says through it is up to chance and the forks."""

    def __init__(self, words: int, seed: int) -> None:
        self.context = 4_096
        self._words = words
        self._generator = torch.Generator().manual_seed(seed)

    def begin(self, preface: Sequence[int]) -> int:
        return 0

    def weights(self) -> list[torch.Tensor]:
        return []

    def extend(self, ids: Sequence[int]) -> torch.Tensor:
        return torch.randn(self._words, generator=self._generator) * LOUD


class ChanceMask:
    """Random logits through the mask of outlines over the closed vocabulary."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._known: dict[bytes, Watch] = {}

    def compile(self, grammar: DecisionGrammar) -> int:
        return grammar.budget

    def weights(self) -> list[torch.Tensor]:
        return []

    def hear(self, asked: Sequence[tuple[str, DecisionGrammar]], stop: object) -> list[Heard]:
        return [self._babbled(grammar) for _, grammar in asked]

    def _babbled(self, grammar: DecisionGrammar) -> Heard:
        if grammar.digest not in self._known:
            self._known[grammar.digest] = Watch(Index(pattern(grammar), spoken_vocabulary()))
        watch = self._known[grammar.digest]
        watch.reset()
        said = torch.zeros((1, 1), dtype=torch.long)
        for _ in range(grammar.budget):
            logits = torch.randn((1, len(VOCABULARY)), generator=self._generator) * LOUD
            chosen = watch.process_logits(said, logits).argmax(dim=-1, keepdim=True)
            said = torch.cat([said, chosen], dim=1)
        words = [VOCABULARY[int(number)] for number in said[0, 1:]]
        return Heard(text="".join(word for word in words if word != END), steps=len(words))
