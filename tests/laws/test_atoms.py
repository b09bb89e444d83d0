"""No number of an atom leaves its contract, whatever the model would like to say.

Random logits go through the real mask of outlines: a model is one way of choosing among what is allowed, and
chance tries the others too. The independent judge, which shares no code with grammar or renderer, decides.
"""

import os
import random

import pytest

from agents.emit import pattern, read
from agents.grammar import DecisionGrammar, compile_grammar
from agents.model.check import violations
from agents.model.render import NoRoom, render
from agents.model.vocabulary import END, IDS, VOCABULARY
from tests.stream_scenes import drawn_contract, drawn_scene

pytestmark = pytest.mark.model

SEED = 20_170_904
CONTRACTS = 20
ATOMS = 2_000


@pytest.fixture(scope="module")
def masks():
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    from outlines_core import Index

    from agents.model.engine import spoken_vocabulary
    from agents.model.watch import Watch

    vocabulary = spoken_vocabulary()
    return lambda grammar: Watch(Index(pattern(grammar), vocabulary))


def babble(watch, generator, budget: int) -> str:
    """One sentence of random logits under the mask, by the same calls as a model's generation makes."""
    import torch

    watch.reset()
    said = torch.zeros((1, 1), dtype=torch.long)
    for _ in range(budget):
        logits = torch.randn((1, len(VOCABULARY)), generator=generator) * 10
        chosen = watch.process_logits(said, logits).argmax(dim=-1, keepdim=True)
        said = torch.cat([said, chosen], dim=1)
    words = [VOCABULARY[int(number)] for number in said[0, 1:]]
    assert words[-1] == END
    assert IDS[END] not in said[0, 1:-1].tolist()
    return "".join(words[:-1])


def test_no_atom_of_random_logits_leaves_its_contract(masks):
    import torch

    print(f"seed {SEED}")
    draw = random.Random(SEED)
    generator = torch.Generator().manual_seed(SEED)
    contracts = []
    while len(contracts) < CONTRACTS:
        contract = drawn_contract(draw)
        grammar = compile_grammar(contract)
        if isinstance(grammar, DecisionGrammar):
            contracts.append((contract, grammar, masks(grammar)))
    atoms: dict[str, int] = {}
    for at in range(ATOMS):
        contract, grammar, watch = contracts[at % CONTRACTS]
        text = babble(watch, generator, grammar.budget)
        said = read(grammar, text)
        assert said is not None, text
        scene = drawn_scene(draw, contract)
        order = render(said, scene)
        if isinstance(order, NoRoom):
            atoms["NO_ROOM"] = atoms.get("NO_ROOM", 0) + 1
            continue
        atoms[order.action] = atoms.get(order.action, 0) + 1
        assert violations(text, order, scene) == ()
    assert min(atoms.get(action, 0) for action in ("BUY", "SELL", "CLOSE", "HOLD")) >= 50, atoms


def test_the_mask_never_allows_a_word_outside_the_grammar(masks):
    import torch

    draw = random.Random(SEED + 1)
    for _ in range(CONTRACTS):
        grammar = compile_grammar(drawn_contract(draw))
        if not isinstance(grammar, DecisionGrammar):
            continue
        watch = masks(grammar)
        watch.reset()
        allowed = watch.process_logits(
            torch.zeros((1, 1), dtype=torch.long), torch.zeros((1, len(VOCABULARY)))
        )
        words = {VOCABULARY[at] for at in range(len(VOCABULARY)) if torch.isfinite(allowed[0, at])}
        assert words == {"action="}


def test_a_thousand_atoms_of_chance_and_of_the_shipped_model_satisfy_all_three_judges():
    """The short form of `make atoms`: grammar and judge here, gates 7 and 9 of the kernel behind them."""
    from agents.model.engines import load
    from agents.model.jump import JumpForward
    from agents.model.tongue import ClosedTongue
    from tests.atoms.campaign import Chance, ChanceForward, campaign

    closed = JumpForward(ChanceForward(len(VOCABULARY), SEED), ClosedTongue())
    for voice in (Chance(SEED), closed, load().voice):
        found = campaign(voice, 400, seed=SEED)
        assert found.failures == []
        assert found.judged >= 400
        assert min(found.atoms[action] for action in ("BUY", "SELL", "CLOSE", "HOLD")) > 0
