"""Few-step sampling of the embedded painter, guided by its layout (classifier-free guidance, arXiv 2207.12598)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Predict = Callable[..., Tensor]
"""``(x, noise shares, layout, first) -> clean x``: a network of :mod:`.network`."""


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
