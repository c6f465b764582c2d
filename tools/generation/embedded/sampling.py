"""Few-step sampling of the embedded painter, guided by its layout (classifier-free guidance, arXiv 2207.12598)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

Predict = Callable[..., Tensor]
"""``(x, noise shares, layout, first) -> clean x``: a network of :mod:`.network`."""


def noise_levels(steps: int, shift: float, start: float = 1.0) -> list[float]:
    """Noise shares from ``start`` to 0, ``steps + 1`` of them, spent more on the noisy end when ``shift`` > 1."""
    even = [start * (1 - index / steps) for index in range(steps + 1)]
    return [shift * s / (1 + (shift - 1) * s) for s in even]


def guided(
    predict: Predict, x: Tensor, t: float, layout: Tensor, without: Tensor, guidance: float, first: Tensor | None = None
) -> Tensor:
    """The clean clip as predicted with guidance away from a layout ``without`` (B, LENGTH); guidance 1 is one pass."""
    batch = x.shape[0]
    levels = torch.full((batch,), t, device=x.device, dtype=torch.float32)
    if guidance == 1:
        return predict(x, levels, layout, first)
    both = None if first is None else torch.cat([first, first])
    clean = predict(torch.cat([x, x]), torch.cat([levels, levels]), torch.cat([without, layout]), both)
    away, towards = clean.chunk(2)
    return away + guidance * (towards - away)


def velocity(x: Tensor, clean: Tensor, t: float) -> Tensor:
    """The flow's velocity at noise share ``t`` towards noise, from a predicted clean clip kept within -1 to 1."""
    return (x - clean.clamp(-1, 1)) / t


@torch.inference_mode()
def sample(
    predict: Predict, noise: Tensor, layout: Tensor, steps: int = 16, guidance: float = 1.0, shift: float = 3.0
) -> Tensor:
    """Euler steps of the rectified flow from noise (B, T, 3, S, S) to clips within -1 to 1; see :func:`guided`."""
    x = noise
    for now, then in itertools.pairwise(noise_levels(steps, shift)):
        clean = guided(predict, x, now, layout, torch.zeros_like(layout), guidance)
        x = x + (then - now) * velocity(x, clean.to(x.dtype), now)
    return x.clamp(-1, 1)
