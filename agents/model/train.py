"""Train the shipped model: `python -m agents.model.train [--out FOLDER] [--steps N]`, seeded, in minutes.

One thread and deterministic kernels make the weights a function of this file on one machine: the manifest
keeps their SHA-256. Only the words of the answer that could have been others are taught.
"""

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from agents.model import lessons
from agents.model.manifest import WEIGHTS, write_manifest
from agents.model.tokenizer import save as save_tokenizer
from agents.model.vocabulary import BEGIN, END, IDS, PAD, VOCABULARY

SEED = 20_170_904
STEPS = 2_000
RATE = 4e-3
WARMUP = 60


def configuration() -> LlamaConfig:
    """About 350,000 parameters in two layers: layers cost latency, width does not at this size."""
    return LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=64,
        tie_word_embeddings=False,  # values are read alike and said apart
        bos_token_id=IDS[BEGIN],
        eos_token_id=IDS[END],
        pad_token_id=IDS[PAD],
    )


def rate_at(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to one hundredth."""
    if step < WARMUP:
        return (step + 1) / WARMUP
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / max(1, steps - WARMUP)))


def train(steps: int, say: Callable[[str], None]) -> LlamaForCausalLM:
    """The model after `steps` batches of new rows each; no row is shown twice on purpose."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = LlamaForCausalLM(configuration())
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, betas=(0.9, 0.98))
    taught = lessons.PROMPT_TOKENS
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * rate_at(step, steps)
        batch = lessons.lessons(lessons.BATCH, SEED + 1 + step)
        logits = model(input_ids=lessons.heard(batch[:, :-1])).logits[:, taught - 1 :]
        loss = functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), batch[:, taught:].reshape(-1))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == steps - 1:
            say(f"step {step} of {steps}: loss {loss.item():.5f}")
    lessons.deafen(model.get_input_embeddings().weight)
    return model.eval()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="train the shipped model of the stream lane")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int, default=STEPS)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    model = train(chosen.steps, lambda line: print(line, flush=True))
    model.save_pretrained(str(chosen.out))
    save_tokenizer(chosen.out)
    manifest = write_manifest(
        chosen.out, command="python -m agents.model.train", steps=chosen.steps, seed=SEED
    )
    print(f"weights {manifest.files['model.safetensors']}")
    print("next: python -m agents.model.evaluate --write")
    return 0


if __name__ == "__main__":
    sys.exit(main())
