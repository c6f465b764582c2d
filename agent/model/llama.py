"""A slim Llama forward pass for one sequence: fused projections, a preallocated key-value cache that can be cut back.

transformers' general ``generate`` spends more time around the network than in it at this size; drafting and prefix
reuse also need a cache whose end can be moved. Same arithmetic as ``transformers.LlamaForCausalLM`` (a test compares).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .int8 import Linear, Rows8


@dataclass(frozen=True)
class LlamaShape:
    """Sizes of a Llama-type network, under transformers' names."""

    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float

    @classmethod
    def of(cls, config: Any) -> LlamaShape:
        """Read a transformers configuration. Raises ``ValueError`` for a variant that is not computed here."""
        rope = getattr(config, "rope_parameters", None) or {}
        kind = rope.get("rope_type", "default")
        if kind != "default" or getattr(config, "attention_bias", False) or getattr(config, "mlp_bias", False):
            raise ValueError(f"only plain Llama networks are computed here, not rope {kind!r} or biases")
        heads = config.num_attention_heads
        return cls(
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=heads,
            num_key_value_heads=config.num_key_value_heads,
            head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
            rms_norm_eps=config.rms_norm_eps,
            rope_theta=float(rope.get("rope_theta", getattr(config, "rope_theta", 10000.0))),
        )

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass
class _Layer:
    norm_in: Tensor
    qkv: Linear
    out: Linear
    norm_mlp: Tensor
    gate_up: Linear
    down: Linear


def _rms(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return functional.rms_norm(x.float(), (x.shape[-1],), weight, eps).to(x.dtype)


class Llama:
    """Network and cache. Not for use from several threads at once.

    Attributes:
        length: how many tokens the cache holds; setting it lower forgets the rest.
    """

    def __init__(self, shape: LlamaShape, weights: Mapping[str, Tensor | Rows8], *, room: int = 2048) -> None:
        """Take weights under transformers' names (``model.layers.0...``), of one type; ``room`` tokens fit."""
        self.shape, self.length = shape, 0
        self._embed = weights["model.embed_tokens.weight"]
        self._head = _linear([weights.get("lm_head.weight", self._embed)])
        self._norm = _vector(weights["model.norm.weight"])
        self._layers = [_layer(weights, f"model.layers.{n}.") for n in range(shape.num_hidden_layers)]
        self._dtype = dtype = self._embed.dtype if isinstance(self._embed, Tensor) else torch.float32
        size = (shape.num_key_value_heads, room, shape.head_dim)
        self._keys = [torch.zeros(size, dtype=dtype) for _ in self._layers]
        self._values = [torch.zeros(size, dtype=dtype) for _ in self._layers]
        powers = torch.arange(0, shape.head_dim, 2).float() / shape.head_dim
        angles = torch.outer(torch.arange(room).float(), shape.rope_theta**-powers)
        self._cos = torch.cat([angles.cos()] * 2, dim=-1).to(dtype)
        self._sin = torch.cat([-angles.sin(), angles.sin()], dim=-1).to(dtype)

    @property
    def room(self) -> int:
        """How many tokens fit in the cache."""
        return int(self._keys[0].shape[1])

    def embed(self, ids: list[int]) -> Tensor:
        """Token ids -> input states (T, d)."""
        return self._embed[torch.tensor(ids, dtype=torch.long)]

    def feed(self, ids: list[int], *, last: int = 1) -> Tensor:
        """Append tokens; returns the logits (last, vocabulary), float32, of the last ``last`` of them."""
        start, end = self.length, self.length + len(ids)
        sight = torch.ones(len(ids), end, dtype=torch.bool).tril(start) if len(ids) > 1 else None
        return self.feed_states(self.embed(ids), list(range(start, end)), sight, last=last)

    @torch.inference_mode()
    def feed_states(self, states: Tensor, places: list[int], sight: Tensor | None, *, last: int = 1) -> Tensor:
        """Append input states that need not follow each other: beams of a search lie side by side in one cache.

        Args:
            states: (T, d).
            places: T positions in the text, as rotary embedding counts them.
            sight: (T, length + T) true where a row sees a slot of the cache, the new ones included; None: all.
            last: how many rows' logits are wanted.

        Returns:
            Logits (last, vocabulary), float32. Raises ``ValueError`` when the cache is full.
        """
        end = self.length + len(states)
        if end > self.room:
            raise ValueError(f"{end} tokens do not fit in {self.room}")
        x = states.to(self._dtype)
        cos, sin = self._cos[places], self._sin[places]
        hidden = None if sight is None else ~sight
        for n, layer in enumerate(self._layers):
            x = x + self._attend(n, layer, _rms(x, layer.norm_in, self.shape.rms_norm_eps), cos, sin, hidden)
            gate, up = layer.gate_up(_rms(x, layer.norm_mlp, self.shape.rms_norm_eps)).chunk(2, -1)
            x = x + layer.down(functional.silu(gate) * up)
        self.length = end
        return self._head(_rms(x[-last:], self._norm, self.shape.rms_norm_eps)).float()

    def _attend(self, n: int, layer: _Layer, x: Tensor, cos: Tensor, sin: Tensor, hidden: Tensor | None) -> Tensor:
        """Grouped-query attention of new tokens (T, d) over the cache and themselves."""
        shape, count = self.shape, x.shape[0]
        heads, groups, size = shape.num_attention_heads, shape.num_key_value_heads, shape.head_dim
        qkv = layer.qkv(x).view(count, heads + 2 * groups, size).transpose(0, 1)
        turned = qkv[: heads + groups]
        half = size // 2
        turned = turned * cos + torch.cat([turned[..., half:], turned[..., :half]], dim=-1) * sin
        start, end = self.length, self.length + count
        self._keys[n][:, start:end] = turned[heads:]
        self._values[n][:, start:end] = qkv[heads + groups :]
        keys, values = self._keys[n][:, :end], self._values[n][:, :end]
        queries = turned[:heads].reshape(groups, heads // groups * count, size)
        scores = torch.bmm(queries, keys.transpose(1, 2)).float() * size**-0.5
        if hidden is not None:
            scores = scores.view(groups, -1, count, end).masked_fill(hidden, float("-inf")).view(scores.shape)
        mixed = torch.bmm(scores.softmax(-1).to(values.dtype), values)
        return layer.out(mixed.view(heads, count, size).transpose(0, 1).reshape(count, -1))


def _layer(weights: Mapping[str, Tensor | Rows8], prefix: str) -> _Layer:
    def get(*names: str, fine: bool = False) -> Linear:
        return _linear([weights[f"{prefix}{name}.weight"] for name in names], fine=fine)

    return _Layer(
        norm_in=_vector(weights[f"{prefix}input_layernorm.weight"]),
        qkv=get("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        out=get("self_attn.o_proj"),
        norm_mlp=_vector(weights[f"{prefix}post_attention_layernorm.weight"]),
        gate_up=get("mlp.gate_proj", "mlp.up_proj"),
        # Its input has outliers: rounded to eight bits it changes one plan in twenty, rounded finely one in fifty.
        down=get("mlp.down_proj", fine=True),
    )


def _linear(parts: Sequence[Tensor | Rows8], *, fine: bool = False) -> Linear:
    """Matrices under each other as one layer."""
    dense = [part for part in parts if isinstance(part, Tensor)]
    if len(dense) < len(parts):
        return Rows8.joined([part for part in parts if isinstance(part, Rows8)]).linear(fine=fine)
    weight = torch.cat(dense) if len(dense) > 1 else dense[0].contiguous()
    return lambda x: functional.linear(x, weight)


def _vector(weight: Tensor | Rows8) -> Tensor:
    if isinstance(weight, Rows8):
        raise ValueError("a norm's weight must be a vector")
    return weight.float()
