"""Weights in eight bits: a scale for each row, activations rounded to eight bits as they come (dynamic quantization).

On a CPU the small language models wait for their weights: half the bytes of bfloat16 and integer dot products make a
pass over a few tokens two to three times as fast. Where torch has no such kernels the same weights are unpacked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

VALUES, SCALES = ".int8", ".scale"
"""What a weight's two tensors are called in a file, after its own name."""

_TINY = 1e-12

Linear = Callable[[Tensor], Tensor]
"""(T, in) -> (T, out)."""


@dataclass(frozen=True)
class Rows8:
    """A matrix (out, in): ``values`` int8, times ``scales`` (out,) float32."""

    values: Tensor
    scales: Tensor

    @classmethod
    def of(cls, weight: Tensor) -> Rows8:
        """Round a float matrix, each row to its own scale."""
        weight = weight.float()
        scales = (weight.abs().amax(1) / 127).clamp_min(_TINY)
        return cls((weight / scales[:, None]).round().to(torch.int8), scales)

    @classmethod
    def joined(cls, parts: list[Rows8]) -> Rows8:
        """Matrices of one width under each other."""
        return cls(torch.cat([part.values for part in parts]), torch.cat([part.scales for part in parts]))

    def __getitem__(self, ids: Tensor) -> Tensor:
        """Rows (N, in) as float32, e.g. embeddings."""
        return self.values[ids].float() * self.scales[ids, None]

    def dense(self) -> Tensor:
        """The matrix in bfloat16."""
        return (self.values.float() * self.scales[:, None]).to(torch.bfloat16)

    def linear(self, *, fine: bool = False) -> Linear:
        """The matrix as a layer on float32 states; ``fine`` rounds these to about sixteen bits instead of eight."""
        if not available():
            dense = self.dense()
            return lambda x: functional.linear(x.to(torch.bfloat16), dense).float()
        with warnings.catch_warnings():
            # torch calls its eager quantized tensors outdated; their kernels have no successor for the CPU as fast.
            warnings.simplefilter("ignore", UserWarning)
            zeros = torch.zeros(len(self.scales), dtype=torch.long)
            rows: Any = torch._make_per_channel_quantized_tensor(self.values, self.scales.double(), zeros, 0)
            packed = torch.ops.quantized.linear_prepack(rows, None)
        return _layer(packed, fine=fine)


def _layer(packed: Any, *, fine: bool) -> Linear:
    multiply = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
    # Without these instructions sums of eight-bit products could overflow: one bit less.
    most = 127 if torch.cpu._is_vnni_supported() else 63

    def coarse(x: Tensor) -> Tensor:
        # Every row is brought to the same height, so that what it becomes does not depend on its neighbours.
        height = x.abs().amax(1, keepdim=True).clamp_min(_TINY)
        result: Tensor = multiply(x / height, 1 / most, most + 1, packed)
        return result * height

    def exact(x: Tensor) -> Tensor:
        height = x.abs().amax(1, keepdim=True).clamp_min(_TINY)
        level = x / height
        rounded = (level * most).round_() / most
        # What rounding has lost goes through the same product, enlarged to full height.
        both = multiply(torch.cat([rounded, (level - rounded) * (2 * most)]), 1 / most, most + 1, packed)
        return torch.add(both[: len(x)], both[len(x) :], alpha=1 / (2 * most)) * height

    return exact if fine else coarse


@cache
def available() -> bool:
    """Whether torch multiplies in eight bits on this machine."""
    return torch.backends.quantized.engine in {"x86", "fbgemm"}


def packed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as they are kept in a file: matrices as int8 and scales, the rest in float32."""
    kept: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if tensor.ndim == 2:
            rows = Rows8.of(tensor)
            kept[name + VALUES], kept[name + SCALES] = rows.values, rows.scales
        else:
            kept[name] = tensor.float().contiguous()
    return kept


def unpacked(kept: Mapping[str, Tensor]) -> dict[str, Tensor | Rows8]:
    """What :func:`packed` made, by the weights' own names."""
    found: dict[str, Tensor | Rows8] = {}
    for name, tensor in kept.items():
        if name.endswith(VALUES):
            own = name.removesuffix(VALUES)
            found[own] = Rows8(tensor, kept[own + SCALES])
        elif not name.endswith(SCALES):
            found[name] = tensor
    return found
