"""What the objects of a layout look like: small pictures, drawn from their words and laid where the layout says.

A sprite is learned once for all places and sizes, from every pixel of every object that training sees; the painter
(:mod:`.network`) gets the composition as a draft, paints the rest, and decides at each pixel how much of it to keep.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

_WIDTH = 64
SPRITE = 32
"""Side of a sprite, in pixels."""
MARGIN = 1.2
"""How far it reaches, in radii of its object."""
_CYCLES = (1, 2, 3, 4, 5)  # of movements (wheels, wings, legs) in a clip


class Sprites(nn.Module):
    """Draws and composes sprites.

    Args:
        code: width of what says what an object is and in which light.
    """

    def __init__(self, code: int) -> None:
        super().__init__()
        self.start = nn.Linear(code + 2 * len(_CYCLES), _WIDTH * 16)
        self.mix = nn.Linear(_WIDTH * 16, _WIDTH * 16)
        self.grow = nn.ModuleList(
            nn.Conv2d(enter, leave, 3, padding=1) for enter, leave in ((_WIDTH, _WIDTH), (_WIDTH, 32), (32, 24))
        )
        self.leave = nn.Conv2d(24, 4, 3, padding=1)

    def forward(self, codes: Tensor, where: Tensor, known: Tensor, share: Tensor, side: int) -> Tensor:
        """Compose the objects of clips, the farthest first.

        Args:
            codes: (B, objects, code).
            where: (B, objects, F, 3): centre x, y and radius in picture widths, in each frame.
            known: (B, objects): which objects there are and where.
            share: (F,) how far into the clip a frame is, 0 to 1.
            side: of the picture, in pixels.

        Returns:
            (B, F, 4, side, side): colours times cover, and cover (0 to 1).
        """
        batch, _, frames, _ = where.shape
        rows = known.nonzero()
        which = known.flatten().cumsum(0).reshape(known.shape) - 1
        canvas = torch.zeros((batch, frames, 4, side, side), device=where.device)
        if not len(rows):
            return canvas
        own = codes[rows[:, 0], rows[:, 1]]
        textures = self.alone(own.repeat_interleave(frames, 0), share.repeat(len(rows)))
        layers = _laid(textures, where[rows[:, 0], rows[:, 1]].flatten(0, 1), side)
        layers = layers.reshape(-1, frames, 4, side, side)
        for place in range(known.shape[1]):
            layer = layers[which[:, place].clamp(min=0)] * known[:, place, None, None, None, None]
            canvas = layer + (1 - layer[:, :, 3:]) * canvas
        return canvas

    def alone(self, codes: Tensor, share: Tensor) -> Tensor:
        """Sprites (N, 4, 32, 32) of objects (N, code), each at its moment (N,): colours times cover, and cover."""
        angles = 2 * math.pi * share[:, None] * torch.tensor(_CYCLES, device=share.device)
        both = torch.cat([codes, angles.sin().to(codes.dtype), angles.cos().to(codes.dtype)], 1)
        h = F.silu(F.layer_norm(self.start(both), (_WIDTH * 16,)))
        h = F.silu(F.layer_norm(self.mix(h), (_WIDTH * 16,))).reshape(-1, _WIDTH, 4, 4)
        for layer in self.grow:  # without norms, what the code says fades from layer to layer and nothing is learned
            h = F.silu(F.group_norm(layer(F.interpolate(h, scale_factor=2)), 8))
        colour, cover = self.leave(h).float().split([3, 1], 1)
        cover = cover.sigmoid()
        return torch.cat([colour * cover, cover], 1)


def _laid(textures: Tensor, where: Tensor, side: int) -> Tensor:
    """Sprites (N, 4, 32, 32) at (N, 3) -> (N, 4, side, side), nothing around them."""
    x, y, r = where.unbind(1)
    size, nothing = 1 / (2 * r * MARGIN), torch.zeros_like(x)
    across = torch.stack([size, nothing, (0.5 - x) * 2 * size], 1)
    down = torch.stack([nothing, size, (0.5 - y) * 2 * size], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [len(textures), 4, side, side], align_corners=False)
    return F.grid_sample(textures, grid, align_corners=False)
