"""Layers that the embedded networks share: attention with normalised queries and keys, feed-forward, noise features."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

_HEAD = 64


def time_features(t: Tensor, width: int) -> Tensor:
    """Noise level (B,) in 0..1 -> sinusoids (B, width)."""
    half = width // 2
    rates = torch.exp(-math.log(1e4) * torch.arange(half, device=t.device, dtype=torch.float32) / half)
    angles = t.float()[:, None] * 1000 * rates
    return torch.cat([angles.cos(), angles.sin()], 1)


class Attention(nn.Module):
    """Multi-head attention of queries (B, L, C) to a context (B, M, D), or to themselves.

    Queries and keys are normalised a head, which keeps training steady (arXiv 2302.05442).
    """

    def __init__(self, width: int, context: int | None = None) -> None:
        super().__init__()
        self.heads = width // _HEAD
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(context or width, 2 * width, bias=False)
        self.leave = nn.Linear(width, width, bias=False)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def forward(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """``mask`` (B, M) is true where the context may be looked at; ``causal`` hides what comes later."""
        key, value = self.key_value(x if context is None else context).chunk(2, -1)
        query = self._split(self.query(x))
        with torch.autocast(x.device.type, enabled=False):  # it would widen both to float32
            query, key = (F.layer_norm(part, (_HEAD,)) for part in (query, self._split(key)))
        allowed = None if mask is None else mask[:, None, None, :]
        h = F.scaled_dot_product_attention(query, key, self._split(value), allowed, is_causal=causal)
        out: Tensor = self.leave(h.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two linear layers with a squared ReLU between (arXiv 2109.08668), four times as wide."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        h = F.relu(self.up(x))
        out: Tensor = self.down(h * h)  # square() would be widened to float32
        return out


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Normalised rows (B, L, C), scaled and shifted by (B, C) each."""
    normal = F.layer_norm(x, x.shape[-1:])
    return torch.addcmul(shift[:, None], normal, 1 + scale[:, None]).to(x.dtype)
