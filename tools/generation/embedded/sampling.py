"""Few-step sampling of the embedded network with classifier-free guidance (arXiv 2207.12598)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

Predict = Callable[..., Tensor]
"""``(x, noise shares, text, mask, **given) -> clean x``: a network of :mod:`.network` or :mod:`.layout`."""


def noise_levels(steps: int, shift: float, start: float = 1.0) -> list[float]:
    """Noise shares from ``start`` to 0, ``steps + 1`` of them, spent more on the noisy end when ``shift`` > 1."""
    even = [start * (1 - index / steps) for index in range(steps + 1)]
    return [shift * s / (1 + (shift - 1) * s) for s in even]


def guided(
    predict: Predict, x: Tensor, t: float, text: Tensor, mask: Tensor, guidance: float, **given: Tensor | None
) -> Tensor:
    """The clean sample as predicted with guidance by the words; ``given`` goes to the network with and without them.

    ``text`` and ``mask`` hold 2B rows, the negative prompts' first, then the prompts'; guidance 1 uses the latter only.
    """
    batch = x.shape[0]
    levels = torch.full((batch,), t, device=x.device, dtype=torch.float32)
    if guidance == 1:
        return predict(x, levels, text[batch:], mask[batch:], **given)
    both = {name: None if value is None else torch.cat([value, value]) for name, value in given.items()}
    clean = predict(torch.cat([x, x]), torch.cat([levels, levels]), text, mask, **both)
    without, with_text = clean.chunk(2)
    return without + guidance * (with_text - without)


def velocity(x: Tensor, clean: Tensor, t: float, bound: float = 1.0) -> Tensor:
    """The flow's velocity at noise share ``t`` towards noise, from a predicted clean sample kept within its range."""
    return (x - clean.clamp(-bound, bound)) / t


@torch.inference_mode()
def sample(
    predict: Predict,
    noise: Tensor,
    text: Tensor,
    mask: Tensor,
    steps: int = 16,
    guidance: float = 3.5,
    shift: float = 2.0,
    bound: float = 1.0,
    **given: Tensor | None,
) -> Tensor:
    """Euler steps of the rectified flow from noise (B, ...) to samples within ``bound``; see :func:`guided`."""
    x = noise
    levels = noise_levels(steps, shift)
    for now, then in itertools.pairwise(levels):
        clean = guided(predict, x, now, text, mask, guidance, **given)
        x = x + (then - now) * velocity(x, clean.to(x.dtype), now, bound)
    return x.clamp(-bound, bound)
