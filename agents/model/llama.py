"""A Llama-type model's forward pass, our own: few calls, folded norms, keys and values kept.

Reads `config.json` and `model.safetensors` as Hugging Face writes them. The weight of each norm is folded
into the matrix behind it and rotary pairs lie side by side, so that a turn is one complex product; the
result equals that of transformers to float rounding (a test says so). fp32, one sentence at a time.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch.nn import functional

SINGLE_FILE: Final = "model.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of a model. `context`: the most tokens a sentence and its prompt may have."""

    width: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    context: int
    epsilon: float
    theta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One block. q: (heads x head, width); kv: (2 x kv_heads x head, width); o, gate_up, down as usual."""

    q: torch.Tensor
    kv: torch.Tensor
    o: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


def shape_of(config: dict[str, Any]) -> Shape | None:
    """The sizes of a plain Llama; None for what this forward does not know (transformers' own is used)."""
    rope = config.get("rope_parameters") or {}
    plain = (
        config.get("model_type") == "llama"
        and config.get("hidden_act") == "silu"
        and not config.get("attention_bias")
        and not config.get("mlp_bias")
        and not config.get("rope_scaling")
        and rope.get("rope_type", "default") == "default"
    )
    if not plain:
        return None
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"])
    return Shape(
        width=width,
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head=int(config.get("head_dim") or width // heads),
        vocabulary=int(config["vocab_size"]),
        context=int(config["max_position_embeddings"]),
        epsilon=float(config["rms_norm_eps"]),
        theta=float(rope.get("rope_theta", config.get("rope_theta", 10_000.0))),
    )


class Llama:
    """Weights laid out for our forwards. Read them, never write them."""

    def __init__(self, shape: Shape, tensors: dict[str, torch.Tensor]) -> None:
        found = {name: tensor.float() for name, tensor in tensors.items()}
        self.shape = shape
        self.embedding = found["model.embed_tokens.weight"]
        self.layers = [_layer(shape, found, f"model.layers.{at}.") for at in range(shape.layers)]
        head = found.get("lm_head.weight", self.embedding)
        self.head = (head * found["model.norm.weight"]).contiguous()
        self.turns = _turns(shape)

    @classmethod
    def load(cls, folder: Path) -> "Llama | None":
        """The model in `folder`; None if it is no plain Llama in one file."""
        shape = shape_of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        if shape is None or not (folder / SINGLE_FILE).is_file():
            return None
        return cls(shape, load_file(str(folder / SINGLE_FILE)))

    def tensors(self) -> list[torch.Tensor]:
        """Every tensor an answer depends on."""
        blocks = [part for each in self.layers for part in (each.q, each.kv, each.o, each.gate_up, each.down)]
        return [self.embedding, *blocks, self.head, self.turns]

    def normed(self, x: torch.Tensor) -> torch.Tensor:
        """(…, width) scaled to a root mean square of one; the norm's weight is in the matrix behind."""
        return functional.rms_norm(x, (self.shape.width,), eps=self.shape.epsilon)

    def queries(self, layer: Layer, n: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
        """(batch, places, width) into (batch, heads, places, head), turned; `turns` is (places, head / 2)."""
        q = functional.linear(n, layer.q).view(*n.shape[:-1], self.shape.heads, self.shape.head)
        return turned(q, turns).transpose(1, 2)

    def keys_values(
        self, layer: Layer, n: torch.Tensor, turns: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(batch, places, width) into two of (batch, kv_heads, places, head), the keys turned."""
        kv = functional.linear(n, layer.kv).view(*n.shape[:-1], 2, self.shape.kv_heads, self.shape.head)
        return turned(kv[..., 0, :, :], turns).transpose(1, 2), kv[..., 1, :, :].transpose(1, 2)

    def mixed(self, layer: Layer, x: torch.Tensor, heard: torch.Tensor) -> torch.Tensor:
        """The block's end: x (batch, places, width) with what attention heard, through the MLP."""
        x = x + functional.linear(heard.transpose(1, 2).flatten(2), layer.o)
        gate, up = functional.linear(self.normed(x), layer.gate_up).chunk(2, dim=-1)
        return x + functional.linear(functional.silu(gate) * up, layer.down)


def turned(heads: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    """Rotary embedding: (batch, places, heads, head) with pairs side by side, times (places, head / 2)."""
    pairs = torch.view_as_complex(heads.reshape(*heads.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * turns[:, None, :]).flatten(-2)


def _layer(shape: Shape, found: dict[str, torch.Tensor], at: str) -> Layer:
    before, after = found[at + "input_layernorm.weight"], found[at + "post_attention_layernorm.weight"]
    q = _paired(found[at + "self_attn.q_proj.weight"], shape.head)
    k = _paired(found[at + "self_attn.k_proj.weight"], shape.head)
    v = found[at + "self_attn.v_proj.weight"]
    gate_up = torch.cat([found[at + "mlp.gate_proj.weight"], found[at + "mlp.up_proj.weight"]])
    return Layer(
        q=(q * before).contiguous(),
        kv=(torch.cat([k, v]) * before).contiguous(),
        o=found[at + "self_attn.o_proj.weight"].contiguous(),
        gate_up=(gate_up * after).contiguous(),
        down=found[at + "mlp.down_proj.weight"].contiguous(),
    )


def _paired(weight: torch.Tensor, head: int) -> torch.Tensor:
    """Rows of each head reordered from (first halves, second halves) to pairs side by side."""
    return weight.view(-1, 2, head // 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def _turns(shape: Shape) -> torch.Tensor:
    """complex64 (context, head / 2): the unit each pair is turned by in each place."""
    inverse = shape.theta ** (-torch.arange(0, shape.head, 2, dtype=torch.float32) / shape.head)
    angles = torch.arange(shape.context, dtype=torch.float32)[:, None] * inverse[None, :]
    return torch.polar(torch.ones_like(angles), angles)
