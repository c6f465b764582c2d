"""Few-step sampling of the embedded network with classifier-free guidance (arXiv 2207.12598)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

Predict = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor | None], Tensor]


def noise_levels(steps: int, shift: float, start: float = 1.0) -> list[float]:
    """Noise shares from ``start`` to 0, ``steps + 1`` of them, spent more on the noisy end when ``shift`` > 1."""
    even = [start * (1 - index / steps) for index in range(steps + 1)]
    return [shift * s / (1 + (shift - 1) * s) for s in even]


def guided(
    predict: Predict,
    x: Tensor,
    t: float,
    text: Tensor,
    mask: Tensor,
    first: Tensor | None,
    guidance: float,
) -> Tensor:
    """The clean clip as predicted with guidance.

    ``text`` and ``mask`` hold 2B rows, the negative prompts' first, then the prompts'; guidance 1 uses the latter only.
    """
    batch = x.shape[0]
    levels = torch.full((batch,), t, device=x.device, dtype=torch.float32)
    if guidance == 1:
        return predict(x, levels, text[batch:], mask[batch:], first)
    both = None if first is None else torch.cat([first, first])
    clean = predict(torch.cat([x, x]), torch.cat([levels, levels]), text, mask, both)
    without, with_text = clean.chunk(2)
    return without + guidance * (with_text - without)


def velocity(x: Tensor, clean: Tensor, t: float) -> Tensor:
    """The flow's velocity at noise share ``t`` towards noise, from a predicted clean clip kept within pixel range."""
    return (x - clean.clamp(-1, 1)) / t


@torch.inference_mode()
def sample(
    predict: Predict,
    noise: Tensor,
    text: Tensor,
    mask: Tensor,
    steps: int = 16,
    guidance: float = 3.5,
    shift: float = 2.0,
    first: Tensor | None = None,
) -> Tensor:
    """Euler steps of the rectified flow from noise (B, T, 3, H, W) to clips in -1 to 1; see :func:`guided`."""
    x = noise
    levels = noise_levels(steps, shift)
    for now, then in itertools.pairwise(levels):
        clean = guided(predict, x, now, text, mask, first, guidance)
        x = x + (then - now) * velocity(x, clean.to(x.dtype), now)
    return x.clamp(-1, 1)
