"""EfficientNet-Lite0 as one compact module, with the tensor names of the published PyTorch checkpoint.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019, arXiv 1905.11946); the
Lite family leaves out squeeze-and-excitation and replaces swish by ReLU6. Imports torch: load it where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    import openvino

SIDE = 224
GRID = 7
WIDTH = 1280
CLASSES = 1000

# kernel, stride, expansion, channels out, repeats: the B0 table of the paper.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_BN_EPS = 1e-3


def _margins(kernel: int, stride: int) -> tuple[int, int]:
    """Pixels before and after for TensorFlow's "same", of a side that is a multiple of the stride, as all here are."""
    total = max(kernel - stride, 0)
    return total // 2, total - total // 2


class _SameConv(nn.Conv2d):
    """A convolution padded the way TensorFlow does ("same"): the odd pixel goes to the right and the bottom."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return functional.conv2d(x, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        before, after = _margins(kernel, stride)
        x = functional.pad(x, (before, after, before, after))
        return functional.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


class _Block(nn.Module):
    """Inverted residual: expand, depthwise, project."""

    def __init__(self, kernel: int, stride: int, expansion: int, inside: int, outside: int) -> None:
        super().__init__()
        middle = inside * expansion
        self.skip = stride == 1 and inside == outside
        if expansion > 1:
            self._expand_conv: nn.Module = nn.Conv2d(inside, middle, 1, bias=False)
            self._bn0: nn.Module = nn.BatchNorm2d(middle, eps=_BN_EPS)
        else:
            self._expand_conv, self._bn0 = nn.Identity(), nn.Identity()
        self.expands = expansion > 1
        self._depthwise_conv = _SameConv(middle, middle, kernel, stride, groups=middle, bias=False)
        self._bn1 = nn.BatchNorm2d(middle, eps=_BN_EPS)
        self._project_conv = nn.Conv2d(middle, outside, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outside, eps=_BN_EPS)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        result: Tensor = x + y if self.skip else y
        return result

    def graph(self, x: Any) -> Any:
        """The same of a node of a graph."""
        from openvino import opset13 as op

        y = _convolved(x, self._expand_conv) if isinstance(self._expand_conv, nn.Conv2d) else x
        y = _convolved(_convolved(y, self._depthwise_conv), self._project_conv, bounded=False)
        return op.add(x, y) if self.skip else y


class EfficientNetLite0(nn.Module):
    """Images (T, 3, 224, 224), scaled by the caller -> grid (T, 49, 1280), pooled (T, 1280), logits (T, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, eps=_BN_EPS)
        blocks: list[nn.Module] = []
        inside = 32
        for kernel, stride, expansion, outside, repeats in _STAGES:
            for index in range(repeats):
                blocks.append(_Block(kernel, stride if index == 0 else 1, expansion, inside, outside))
                inside = outside
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(inside, WIDTH, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(WIDTH, eps=_BN_EPS)
        self._fc = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = functional.relu6(self._bn1(self._conv_head(x)))
        pooled = x.float().mean((2, 3))
        logits = functional.linear(pooled, self._fc.weight.float(), self._fc.bias.float())
        return x.flatten(2).transpose(1, 2), pooled, logits

    def fused(self) -> EfficientNetLite0:
        """Fold every batch norm into the convolution before it (exact in evaluation); returns self."""
        _fuse(self, "_conv_stem", "_bn0")
        _fuse(self, "_conv_head", "_bn1")
        for block in self._blocks:
            if not isinstance(block, _Block):  # pragma: no cover - the list holds nothing else
                continue
            if block.expands:
                _fuse(block, "_expand_conv", "_bn0")
            _fuse(block, "_depthwise_conv", "_bn1")
            _fuse(block, "_project_conv", "_bn2")
        return self

    def graph(self, mean: float, deviation: float) -> openvino.Model:
        """The fused network for OpenVINO: pictures (T, 224, 224, 3) uint8 RGB -> grid, pooled, logits.

        Args:
            mean: taken off every channel, of 0 to 255.
            deviation: what the rest is divided by.
        """
        import openvino
        from openvino import opset13 as op

        pictures = op.parameter([-1, SIDE, SIDE, 3], np.uint8)
        scaled = op.divide(op.subtract(op.convert(pictures, "f32"), np.float32(mean)), np.float32(deviation))
        x = _convolved(op.transpose(scaled, np.array([0, 3, 1, 2])), self._conv_stem)
        for block in self._blocks:
            x = cast(_Block, block).graph(x)
        x = _convolved(x, self._conv_head)
        pooled = op.reduce_mean(x, np.array([2, 3]), keep_dims=False)
        logits = op.add(op.matmul(pooled, self._fc.weight.numpy(), False, True), self._fc.bias.numpy())
        grid = op.transpose(op.reshape(x, np.array([0, WIDTH, GRID * GRID]), True), np.array([0, 2, 1]))
        return openvino.Model([grid, pooled, logits], [pictures], "efficientnet-lite0")


def _convolved(x: Any, conv: nn.Conv2d, *, bounded: bool = True) -> Any:
    """A node of a graph through a fused convolution, and ReLU6 if bounded."""
    from openvino import opset13 as op

    before, after = _margins(conv.kernel_size[0], conv.stride[0])
    places = (conv.stride, [before] * 2, [after] * 2, [1, 1])
    weight = conv.weight.numpy()
    y = op.convolution(x, weight, *places) if conv.groups == 1 else op.group_convolution(x, weight[:, None], *places)
    y = op.add(y, conv.state_dict()["bias"].numpy().reshape(1, -1, 1, 1))
    return op.clamp(y, 0.0, 6.0) if bounded else y


def _fuse(parent: nn.Module, conv_name: str, norm_name: str) -> None:
    conv: nn.Conv2d = parent.get_submodule(conv_name)  # type: ignore[assignment]  # torch names its type Module
    norm: nn.BatchNorm2d = parent.get_submodule(norm_name)  # type: ignore[assignment]
    state = norm.state_dict()
    scale = state["weight"] / torch.sqrt(state["running_var"] + norm.eps)
    conv.weight = nn.Parameter(conv.weight * scale[:, None, None, None])
    conv.bias = nn.Parameter(state["bias"] - state["running_mean"] * scale)
    setattr(parent, norm_name, nn.Identity())
