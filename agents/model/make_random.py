"""Models of other kinds with random weights: `python -m agents.model.make_random FOLDER [--kind llama|qwen2 …]`.

They know nothing; they show that what holds our engines inside the grammar is the grammar and not the model,
and what a larger model costs. The tokenizer is a byte-level BPE trained on sentences of the language, split
as Llama 3 or Qwen split. `interlock model check` and the benches take any folder made here.
"""

import argparse
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config
from transformers.utils.logging import disable_progress_bar

from agents.grammar import SLOTS, SPEAKABLE, number_word
from agents.model.manifest import write_manifest
from agents.model.prompt import SCALES
from agents.model.tongue import PREFACE

KINDS: Final = ("llama", "qwen2")
BEGIN: Final = "<|begin|>"
END: Final = "<|end|>"
WORDS: Final = 600
"""Most tokens of the trained tokenizer; the language has no more to merge."""

SPLIT: Final = {
    # Three digits are a word of Llama 3's, one digit is of Qwen's; both join a sign to letters behind it.
    "llama": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+",
    "qwen2": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+",
}

TOLD: Final = (
    "You trade one instrument for one account. Answer with one decision and nothing else. The line below gives "
    "the market in levels: short and long return, gap to the average, RSI, volatility, drawdown, what is held, "
    "spread. Sizes are percent of what the contract leaves, band percent of the drift it allows, stop and "
    "target percent above its minimum. Buy strength above the average while RSI is low, leave on the first "
    "strong move down, otherwise hold.\n"
)
"""What every prompt to such a model begins with: computed once and kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """width and layers of the model; its MLP is three times as wide, and two heads share a key."""

    width: int = 64
    layers: int = 2
    context: int = 1_024


def make(folder: Path, *, kind: str, size: Size, seed: int, preface: str = TOLD) -> None:
    """Write a whole model folder with its manifest, the same bytes for the same arguments on one machine."""
    folder.mkdir(parents=True, exist_ok=True)
    disable_progress_bar()
    tokenizer = bpe(kind)
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(seed)
    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": size.width,
        "intermediate_size": 3 * size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": max(2, size.width // 32),
        "num_key_value_heads": max(1, size.width // 64),
        "max_position_embeddings": size.context,
        "bos_token_id": tokenizer.convert_tokens_to_ids(BEGIN),
        "eos_token_id": tokenizer.convert_tokens_to_ids(END),
        "pad_token_id": tokenizer.convert_tokens_to_ids(END),
        "tie_word_embeddings": False,
        "initializer_range": 0.2,  # wide: logits of a fresh model are else too even to test anything with
    }
    config = LlamaConfig(**common) if kind == "llama" else Qwen2Config(**common)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.save_pretrained(str(folder))
    (folder / PREFACE).write_text(preface, encoding="utf-8")
    write_manifest(folder, command="python -m agents.model.make_random", steps=0, seed=seed)


def bpe(kind: str) -> PreTrainedTokenizerFast:
    """A byte-level BPE of the kind's own splitting, which any text can be said in."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(SPLIT[kind]), behavior="isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, special_tokens=[BEGIN, END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts(), trainer)
    if kind == "llama":
        begin = tokenizer.token_to_id(BEGIN)
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{BEGIN} $A", special_tokens=[(BEGIN, begin)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=END, model_max_length=1_024
    )


def texts() -> Iterator[str]:
    """Prompts and sentences from a fixed seed."""
    draw = random.Random(1)
    for _ in range(400):
        seen = " ".join(scale.word(draw.choice(scale.levels)) for scale in SCALES)
        said = "".join(f";{slot}={number_word(draw.randint(0, 100))}" for slot in SLOTS)
        yield f"{TOLD}{seen}\naction={draw.choice(SPEAKABLE)}{said}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="make a model of another kind with random weights")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    make(
        chosen.folder,
        kind=chosen.kind,
        size=Size(width=chosen.width, layers=chosen.layers),
        seed=chosen.seed,
    )
    print(f"a random model of kind {chosen.kind} in {chosen.folder}: ask it in the modes jump_forward, outlines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
