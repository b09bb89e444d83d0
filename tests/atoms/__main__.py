"""`python -m tests.atoms N [--seed 1]`: N atoms of chance and N of the shipped model; ends badly if one is outside.

Chance speaks through single pass, through jump-forward over the closed vocabulary and over two tokenizers of
subwords, and through the mask of outlines; the shipped model through single pass and jump-forward, answers
below the thresholds included. `--agree` compares the modes on M prompts under every language instead.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agents.model.engines import Mode, Voice, load
from agents.model.jump import JumpForward
from agents.model.make_random import KINDS, Size, make
from agents.model.tongue import ClosedTongue, end_of, tongue_of
from agents.model.vocabulary import VOCABULARY
from tests.atoms.agree import agreement
from tests.atoms.campaign import Chance, ChanceForward, ChanceMask, campaign

SHARES = {"single_pass": 0.40, "jump_forward": 0.40, "llama bpe": 0.08, "qwen2 bpe": 0.08, "outlines": 0.04}
"""Of the atoms of chance. The mask of outlines is asked least: it is the slowest and it is not ours."""


def voices(seed: int, folder: Path) -> Iterator[tuple[str, float, Voice]]:
    """Name, share of N and voice; chance first, then the shipped model."""
    yield "single_pass", SHARES["single_pass"], Chance(seed)
    closed = JumpForward(ChanceForward(len(VOCABULARY), seed), ClosedTongue())
    yield "jump_forward", SHARES["jump_forward"], closed
    for kind in KINDS:
        made = folder / kind
        make(made, kind=kind, size=Size(), seed=seed)
        tongue = tongue_of(made, end_of(made))
        chance = ChanceForward(end_of(made) + 1_000, seed)  # wider than the tokenizer: the surplus is noise
        yield f"{kind} bpe", SHARES[f"{kind} bpe"], JumpForward(chance, tongue)
    yield "outlines", SHARES["outlines"], ChanceMask(seed)
    yield "shipped single_pass", 0.5, load(mode=Mode.SINGLE_PASS).voice
    yield "shipped jump_forward", 0.5, load(mode=Mode.JUMP_FORWARD).voice


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.atoms", description=__doc__)
    words.add_argument("atoms", type=int)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--agree", action="store_true")
    told = words.parse_args()
    if told.agree:
        return agreement(told.atoms, told.seed)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, share, voice in voices(told.seed, Path(folder)):
            began = time.monotonic()
            found = campaign(voice, int(told.atoms * share), seed=told.seed)
            bad += len(found.failures)
            said = " ".join(f"{what}={count}" for what, count in sorted(found.atoms.items()))
            seconds = time.monotonic() - began
            print(f"{name:>20}: {found.judged} atoms, {len(found.failures)} outside, {seconds:.0f} s: {said}")
            for text in found.failures[:5]:
                print(f"    {text[:600]}")
    print(f"{bad} outside the grammar or the contract")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
