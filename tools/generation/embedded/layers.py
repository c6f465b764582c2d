"""Layers of the embedded video network; all keep frames as (B*T, C, H, W) in channels-last memory.

Normalisation is over channels at each pixel: in channels-last memory that is a contiguous row, fast on CPU and GPU,
and needs no statistics over frames. Images are mixed by 2D convolutions and time by its own layers, the factorised
design of "Video Diffusion Models" (arXiv 2204.03458).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name


def channel_norm(x: Tensor, last: bool = False) -> Tensor:
    """Zero mean, unit variance over channels (dim 1, or the last), in the input's own precision."""
    with torch.autocast(x.device.type, enabled=False):  # autocast would widen every activation to float32
        rows = x if last else x.permute(0, 2, 3, 1)
        normal: Tensor = F.layer_norm(rows, rows.shape[-1:])
        return normal if last else normal.permute(0, 3, 1, 2)


class Modulation(nn.Module):
    """Scale and shift from the embedding of time and text, one pair a clip (FiLM, arXiv 1709.07871)."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.linear = nn.Linear(embedding, 2 * channels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, embedding: Tensor, frames: int) -> Tensor:
        """(B*T, C, H, W) and (B, E) -> (B*T, C, H, W)."""
        scale, shift = self.linear(embedding).to(x.dtype).repeat_interleave(frames, 0)[:, :, None, None].chunk(2, 1)
        moved: Tensor = x * (1 + scale) + shift
        return moved


class ResBlock(nn.Module):
    """Two 3x3 convolutions on each frame, steered by the embedding."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = Modulation(channels, embedding)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor, embedding: Tensor, frames: int) -> Tensor:
        """Residual; shapes unchanged."""
        h = self.conv1(F.silu(channel_norm(x)))
        h = self.modulation(channel_norm(h), embedding, frames)
        out: Tensor = x + self.conv2(F.silu(h)).to(x.dtype)
        return out


class TemporalConv(nn.Module):
    """A convolution over time with kernel 3, as one matrix product over the neighbouring frames' channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(3 * channels, channels, 1)
        self.outer = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.outer.weight)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Residual; shapes unchanged."""
        h = channel_norm(x).reshape(-1, frames, *x.shape[1:])
        blank = torch.zeros_like(h[:, :1])
        before = torch.cat([blank, h[:, :-1]], 1)
        after = torch.cat([h[:, 1:], blank], 1)
        near = torch.cat([before, h, after], 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        out: Tensor = x + self.outer(F.silu(self.inner(near))).to(x.dtype)
        return out


class Attention(nn.Module):
    """Multi-head attention of queries (N, L, C) to context (N, M, D); to themselves when there is no context."""

    def __init__(self, channels: int, context: int | None = None, head: int = 64) -> None:
        super().__init__()
        self.heads = channels // head
        self.query = nn.Linear(channels, channels, bias=False)
        self.key_value = nn.Linear(context or channels, 2 * channels, bias=False)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def forward(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """``mask`` (N, M) is true where the context may be looked at."""
        key, value = self.key_value(x if context is None else context).chunk(2, -1)
        allowed = None if mask is None else mask[:, None, None, :]
        h = F.scaled_dot_product_attention(self._split(self.query(x)), self._split(key), self._split(value), allowed)
        out: Tensor = self.out(h.transpose(1, 2).flatten(2))
        return out


class TemporalAttention(nn.Module):
    """Every pixel attends over its own history; learned positions tell the frames apart."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.randn(frames, channels) * 0.02)
        self.attention = Attention(channels)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Residual; shapes unchanged."""
        n, c, height, width = x.shape
        h = channel_norm(x).permute(0, 2, 3, 1).reshape(-1, frames, height * width, c).transpose(1, 2).flatten(0, 1)
        h = self.attention(h + self.position[:frames].to(h.dtype))
        h = h.reshape(-1, height * width, frames, c).transpose(1, 2).reshape(n, height, width, c)
        out: Tensor = x + h.permute(0, 3, 1, 2).to(x.dtype)
        return out


class TextAttention(nn.Module):
    """Every pixel of every frame attends to the words."""

    def __init__(self, channels: int, context: int) -> None:
        super().__init__()
        self.attention = Attention(channels, context)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor, frames: int) -> Tensor:
        """Residual; ``text`` (B, M, D), ``mask`` (B, M)."""
        n, c, height, width = x.shape
        h = channel_norm(x).permute(0, 2, 3, 1).reshape(n // frames, -1, c)
        h = self.attention(h, text, mask).reshape(n, height, width, c)
        out: Tensor = x + h.permute(0, 3, 1, 2).to(x.dtype)
        return out


class SpaceTimeTransformer(nn.Module):
    """Full attention over all pixels of all frames, and a feed-forward layer; for the coarsest level only."""

    def __init__(self, channels: int, frames: int, side: int) -> None:
        super().__init__()
        self.time_position = nn.Parameter(torch.randn(frames, 1, channels) * 0.02)
        self.space_position = nn.Parameter(torch.randn(1, side * side, channels) * 0.02)
        self.attention = Attention(channels)
        self.up = nn.Linear(channels, 3 * channels)
        self.down = nn.Linear(3 * channels, channels)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Residual; shapes unchanged."""
        n, c, height, width = x.shape
        h = x.permute(0, 2, 3, 1).reshape(n // frames, frames, height * width, c)
        where = (self.time_position[:frames] + self.space_position).to(h.dtype)
        h = h + self.attention((channel_norm(h, last=True) + where).flatten(1, 2)).reshape(h.shape).to(h.dtype)
        h = h + self.down(F.gelu(self.up(channel_norm(h, last=True)), approximate="tanh")).to(h.dtype)
        out: Tensor = h.reshape(n, height, width, c).permute(0, 3, 1, 2)
        return out
