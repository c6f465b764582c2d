"""The generator's first stage: words -> where things are at the first and the last frame, and from that where always.

A layout is (objects, 7): whether there is an object (0 or 1), then its centre x, y and radius at the first and at the
last frame, in picture widths, y downwards. The second stage (:mod:`.network`) paints what the words say into it. Laying
out first and painting second is known from "LLM-grounded Video Diffusion Models" (arXiv 2309.17444); here both are
flows, and the first is so small that it costs nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from .network import time_features
from .sampling import sample

OBJECTS = 3
FIELDS = 7
UNKNOWN = -1.0
"""What the plane holds everywhere when the painter is given no layout."""

_STEPS = 24
_GUIDANCE = 1.5
_BOUND = 1.6  # of numbers in units: objects may begin outside the picture
_EDGE = 0.015  # softness of the plane's discs, in picture widths


def to_units(layout: Tensor) -> Tensor:
    """Layouts (..., objects, 7) -> numbers of about -1 to 1, 0 for what belongs to no object."""
    present, start, end = layout[..., :1], layout[..., 1:4], layout[..., 4:]
    middle = layout.new_tensor([0.5, 0.5, 0.15])
    spread = layout.new_tensor([0.5, 0.5, 0.2])
    return torch.cat([present * 2 - 1, present * (start - middle) / spread, present * (end - middle) / spread], -1)


def from_units(units: Tensor) -> Tensor:
    """The inverse of :func:`to_units`; an object is there where its first number is positive."""
    present = (units[..., :1] > 0).to(units.dtype)
    middle = units.new_tensor([0.5, 0.5, 0.15])
    spread = units.new_tensor([0.5, 0.5, 0.2])
    start, end = units[..., 1:4] * spread + middle, units[..., 4:] * spread + middle
    return torch.cat([present, present * start, present * end], -1)


def draw_layout(layout: Tensor, frames: int, side: int) -> Tensor:
    """Layouts (B, objects, 7) -> planes (B, frames, 1, side, side): 1 where an object is, 0 elsewhere, soft edges."""
    share = torch.linspace(0, 1, frames, device=layout.device, dtype=layout.dtype)[None, None, :, None]
    track = layout[:, :, None, 1:4] * (1 - share) + layout[:, :, None, 4:] * share
    axis = (torch.arange(side, device=layout.device, dtype=layout.dtype) + 0.5) / side
    across = axis[None, None, None, None, :] - track[..., 0, None, None]
    down = axis[None, None, None, :, None] - track[..., 1, None, None]
    inside = torch.sigmoid((track[..., 2, None, None] - (across.square() + down.square()).sqrt()) / _EDGE)
    planes: Tensor = (inside * layout[:, :, :1, None, None]).amax(1)
    return planes[:, :, None]


class LayoutNetwork(nn.Module):
    """Noisy layout in :func:`to_units`, noise share and words -> clean layout."""

    def __init__(self, text: int = 384, width: int = 256, depth: int = 4, queries: int = 4) -> None:
        super().__init__()
        self.shape = {"text": text, "width": width, "depth": depth, "queries": queries}
        self.ask = nn.Parameter(torch.randn(queries, text) * text**-0.5)
        self.key = nn.Linear(text, text)
        self.read = nn.Linear(queries * text, width)
        self.enter = nn.Linear(OBJECTS * FIELDS + 64, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(2 * width), nn.Linear(2 * width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
            )
            for _ in range(depth)
        )
        self.leave = nn.Linear(width, OBJECTS * FIELDS)

    def forward(self, x: Tensor, t: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        """Predict the clean layout.

        Args:
            x: (B, objects, 7) noisy.
            t: noise share (B,), 0 is clean, 1 is noise alone.
            text: token states (B, M, D).
            mask: (B, M), true for words.
        """
        scores = torch.einsum("qd,bmd->bqm", self.ask, self.key(text)).masked_fill(~mask[:, None], -1e4)
        words = self.read((scores.softmax(-1) @ text).flatten(1))
        h = self.enter(torch.cat([x.flatten(1), time_features(t, 64).to(x.dtype)], 1))
        for block in self.blocks:
            h = h + block(torch.cat([h, words], 1))
        out: Tensor = self.leave(F.silu(h))
        return out.reshape(x.shape)


def sample_layout(
    network: LayoutNetwork, text: Tensor, mask: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Layouts (B, objects, 7) for words: 2B rows of token states, the negative prompts' first, and their mask."""
    noise = torch.randn((len(text) // 2, OBJECTS, FIELDS), generator=generator).to(text)
    return from_units(sample(network, noise, text, mask, _STEPS, _GUIDANCE, shift=1.0, bound=_BOUND))
