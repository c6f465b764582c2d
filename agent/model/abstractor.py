"""The video abstractor: a handful of learned tokens read a clip and hand the language model what they found.

After GPT4Video (arXiv 2311.16511): learnable *spatial* tokens and learnable *temporal* tokens gather, by
cross-attention, what the frames show and how it changes. What this project adds: the temporal tokens are tied to
moments of the clip, and every frame carries a motion descriptor (:class:`MotionDescriptor`), because cross-attention
from fixed queries compares a frame with the queries and never with the next frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_FRAMES = 64
_CELLS = 7
_REACH = 2


@dataclass(frozen=True)
class AbstractorConfig:
    """Shape of a :class:`VideoAbstractor`.

    Attributes:
        feature_width: D, channels of a vision feature.
        output_width: the language model's embedding width.
        width: inner width. layers, heads, expansion: as in any transformer.
        spatial_queries: tokens that look at the whole clip.
        temporal_queries: tokens tied to moments of the clip, in order.
        dropout: on attention output, feed-forward and the projected features.
        output_scale: root mean square of the output at the start, that of the language model's own embeddings.
    """

    feature_width: int = 1280
    output_width: int = 576
    width: int = 512
    layers: int = 3
    heads: int = 8
    expansion: int = 2
    spatial_queries: int = 16
    temporal_queries: int = 8
    dropout: float = 0.1
    output_scale: float = 0.13

    @property
    def queries(self) -> int:
        """Q: how many soft tokens the language model receives."""
        return self.spatial_queries + self.temporal_queries


class MotionDescriptor(nn.Module):
    """How each frame differs from later ones: (B, T, P, D) -> (B, T, :attr:`WIDTH`).

    A cost volume as in optical flow (PWC-Net, arXiv 1709.02371): the correlation of the feature grids of two frames
    at every shift of up to two cells, averaged in each quarter of the picture (a pan moves all quarters alike, a
    zoom moves them apart), and the unlikeness of each cell with itself (where something moves). Two distances in
    time, the next frame and a third of the clip. Nothing is learned here.
    """

    WIDTH = 2 * (4 * (2 * _REACH + 1) ** 2 + _CELLS**2)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shifts", _shift_average(), persistent=False)
        self.shifts: Tensor

    @torch.no_grad()
    def forward(self, features: Tensor) -> Tensor:
        """(B, T, P, D) -> (B, T, WIDTH)."""
        with torch.autocast(features.device.type, enabled=False):
            grid = _seven_by_seven(features.float())
            grid = functional.normalize(grid - grid.mean((1, 2), keepdim=True), dim=-1)
            frames = grid.shape[1]
            return torch.cat([self._at(grid, gap) for gap in (1, max(1, frames // 3))], dim=-1)

    def _at(self, grid: Tensor, gap: int) -> Tensor:
        frames = grid.shape[1]
        later = torch.arange(frames, device=grid.device).add(gap).clamp(max=frames - 1)
        correlation = torch.einsum("btpd,btqd->btpq", grid, grid[:, later])
        found = correlation.flatten(-2) @ self.shifts.float()
        shifted = found.reshape(*found.shape[:-1], 4, -1)
        shifted = shifted - shifted.mean(-1, keepdim=True)
        shifted = shifted / (shifted.std(-1, keepdim=True) + 1e-3)
        return torch.cat([shifted.flatten(-2), 1 - correlation.diagonal(dim1=-2, dim2=-1)], dim=-1)


class VideoAbstractor(nn.Module):
    """Frame and patch features (B, T, P, D) -> soft tokens (B, Q, d_llm). T from 1 (an image) to 64, P a square."""

    def __init__(self, config: AbstractorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.normalise = nn.LayerNorm(config.feature_width)
        self.project = nn.Linear(config.feature_width, width)
        self.motion = MotionDescriptor()
        self.project_motion = nn.Linear(MotionDescriptor.WIDTH, width)
        self.space = nn.Parameter(torch.randn(_CELLS**2, width) * 0.02)
        self.time = nn.Parameter(_sinusoid(MAX_FRAMES, width) * 0.02**0.5)
        self.kind = nn.Parameter(torch.randn(2, width) * 0.02)
        self.spatial = nn.Parameter(torch.randn(config.spatial_queries, width) * 0.5)
        self.temporal = nn.Parameter(torch.randn(config.temporal_queries, width) * 0.5)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.finish = nn.LayerNorm(width)
        self.output = nn.Linear(width, config.output_width)
        nn.init.normal_(self.output.weight, std=config.output_scale / width**0.5)
        nn.init.zeros_(self.output.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, P, D) -> (B, Q, d_llm); raises ``ValueError`` for other shapes."""
        _check(features, self.config.feature_width)
        keys = self._keys(features)
        moments = _stretch(self.time, self.config.temporal_queries)
        queries = torch.cat([self.spatial, self.temporal + moments]).to(keys.dtype)
        hidden = queries.expand(features.shape[0], -1, -1)
        for layer in self.layers:
            hidden = layer(hidden, keys)
        tokens: Tensor = self.output(self.finish(hidden))
        return tokens

    def _keys(self, features: Tensor) -> Tensor:
        """What the tokens look at: every patch of every frame, then one token a frame with its motion."""
        batch, frames, patches, _ = features.shape
        moment = _stretch(self.time, frames)[None, :, None]
        patch = self.project(self.normalise(features.to(self.normalise.weight.dtype)))
        whole = patch.mean(2, keepdim=True)
        motion = self.project_motion(self.motion(features).to(self.project_motion.weight.dtype))
        patch = patch + moment + self._places(patches) + self.kind[0]
        frame = whole + motion[:, :, None] + moment + self.kind[1]
        keys: Tensor = self.dropout(torch.cat([patch, frame], dim=2).reshape(batch, frames * (patches + 1), -1))
        return keys

    def _places(self, patches: int) -> Tensor:
        if patches == _CELLS**2:
            return self.space
        side = round(patches**0.5)
        grid = self.space.T.reshape(1, -1, _CELLS, _CELLS)
        return functional.interpolate(grid, (side, side), mode="bilinear")[0].flatten(1).T


class _Layer(nn.Module):
    """Pre-norm: the tokens look at the clip, then at each other, then think."""

    def __init__(self, config: AbstractorConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.rate = config.dropout
        self.norm_keys, self.norm_cross = nn.LayerNorm(width), nn.LayerNorm(width)
        self.norm_self, self.norm_think = nn.LayerNorm(width), nn.LayerNorm(width)
        self.cross_query, self.cross_key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.cross_output = nn.Linear(width, width)
        self.self_query_key_value, self.self_output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, config.expansion * width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.expansion * width, width),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, keys: Tensor) -> Tensor:
        key, value = self.cross_key_value(self.norm_keys(keys)).chunk(2, -1)
        seen = self._attend(self.cross_query(self.norm_cross(hidden)), key, value)
        hidden = hidden + self.dropout(self.cross_output(seen))
        query, key, value = self.self_query_key_value(self.norm_self(hidden)).chunk(3, -1)
        hidden = hidden + self.dropout(self.self_output(self._attend(query, key, value)))
        thought: Tensor = hidden + self.dropout(self.think(self.norm_think(hidden)))
        return thought

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query, key, value = (
            part.reshape(*part.shape[:-1], self.heads, -1).transpose(1, 2) for part in (query, key, value)
        )
        rate = self.rate if self.training else 0.0
        return functional.scaled_dot_product_attention(query, key, value, dropout_p=rate).transpose(1, 2).flatten(-2)


def _check(features: Tensor, width: int) -> None:
    if features.ndim != 4 or features.shape[-1] != width:
        raise ValueError(f"features have shape {tuple(features.shape)}, expected (B, T, P, {width}).")
    frames, patches = features.shape[1:3]
    if not 1 <= frames <= MAX_FRAMES:
        raise ValueError(f"{frames} frames, expected 1 to {MAX_FRAMES}.")
    if round(patches**0.5) ** 2 != patches:
        raise ValueError(f"{patches} patches a frame are no square grid (drop the class token first).")


def _stretch(table: Tensor, count: int) -> Tensor:
    """Moments 0 to 1 of the clip, ``count`` of them, interpolated from the table (MAX_FRAMES, width)."""
    if count == 1:
        return table[:1]
    place = torch.linspace(0, MAX_FRAMES - 1, count, device=table.device)
    low = place.floor().long().clamp(max=MAX_FRAMES - 2)
    part = (place - low).unsqueeze(-1).to(table.dtype)
    return table[low] * (1 - part) + table[low + 1] * part


def _sinusoid(count: int, width: int) -> Tensor:
    rate = torch.exp(torch.arange(0, width, 2) * (-torch.log(torch.tensor(1000.0)) / width))
    angle = torch.arange(count)[:, None] * rate[None] * 0.5
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def _seven_by_seven(features: Tensor) -> Tensor:
    side = round(features.shape[2] ** 0.5)
    if side == _CELLS:
        return features
    batch, frames, _, width = features.shape
    grid = features.transpose(2, 3).reshape(batch * frames, width, side, side)
    pooled = functional.adaptive_avg_pool2d(grid, _CELLS)
    return pooled.reshape(batch, frames, width, _CELLS**2).transpose(2, 3)


def _shift_average() -> Tensor:
    """(49 * 49, 4 * 25): averages a correlation matrix over the cells of a quarter, for every shift."""
    span = 2 * _REACH + 1
    table = torch.zeros(_CELLS**2, _CELLS**2, 4, span * span)
    half = _CELLS // 2
    for row in range(_CELLS):
        for column in range(_CELLS):
            quarter = 2 * (row > half) + (column > half)
            for down in range(-_REACH, _REACH + 1):
                for right in range(-_REACH, _REACH + 1):
                    if 0 <= row + down < _CELLS and 0 <= column + right < _CELLS:
                        shift = (down + _REACH) * span + right + _REACH
                        other = (row + down) * _CELLS + column + right
                        table[row * _CELLS + column, other, quarter, shift] = 1.0
    table = table.reshape(_CELLS**4, -1)
    return table / table.sum(0).clamp(min=1)
