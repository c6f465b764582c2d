"""A hint at text: a tiny network that says, from a frame 256 pixels wide, where letters may be.

It reads nothing. It spares the detector, which needs a large picture and fifteen times as long, the frames without a
chance of text. Trained by ``agent/training/text_hint.py``; figures in docs/models/hint.md.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissing, BadArguments

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]

CELL = 8
"""Pixels of the small frame that a cell of the map is wide and high."""
LONG_SIDE = 256
LIKELY = 0.4
"""From this on a cell may hold text. Of 552 titled frames of real clips 98.7 % have such a cell, at least one frame of
each title does, and 41 % of the frames without text have none."""
_WEIGHTS = Path(__file__).parent / "weights" / "texthint.safetensors"


def network() -> Any:
    """Grey pictures (N, 1, H, W) in 0..1, sides in whole cells -> logits (N, 1, H / 8, W / 8); a torch module."""
    from torch import nn

    def layer(before: int, after: int, stride: int = 1, dilation: int = 1) -> nn.Module:
        # What lies beyond the edge is taken to go on as it was: zeros would draw a line there.
        conv = nn.Conv2d(before, after, 3, stride, dilation, dilation, padding_mode="replicate", bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())

    return nn.Sequential(
        nn.PixelUnshuffle(2),
        layer(4, 12),
        layer(12, 32, stride=2),
        layer(32, 48, stride=2),
        layer(48, 48),
        layer(48, 48, dilation=2),
        nn.Conv2d(48, 1, 1),
    )


class TextHint:
    """Says where in small frames there may be text.

    Args:
        weights: the trained network, safetensors.
        likely: the least probability of a cell that may hold text.

    Raises:
        BackendMissing: the file is not there or holds another network.
    """

    def __init__(self, weights: Path = _WEIGHTS, *, likely: float = LIKELY) -> None:
        import torch
        from safetensors.torch import load_file

        self._network = network().eval().requires_grad_(False)
        try:
            self._network.load_state_dict({name: value.float() for name, value in load_file(str(weights)).items()})
        except Exception as error:  # no file, no safetensors, other tensors: no common class
            raise BackendMissing(
                f"The text hint cannot be loaded from {weights}.", "Install the package again, or name its weights."
            ) from error
        self._network = self._network.to(memory_format=torch.channels_last)
        self._least = float(np.log(likely / (1 - likely)))

    def cells(self, image: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """A picture, grey (H, W) or RGB (H, W, 3) -> (h, w), whether each cell may hold text.

        The picture is taken at a long side of 256 pixels; a cell is 8 of them, and the last ones may be stretched.
        """
        return np.asarray(self.logits(image) >= self._least)

    def logits(self, image: NDArray[np.uint8]) -> Floats:
        """As :meth:`cells`, how likely: (h, w) float32, the logarithm of the odds."""
        import cv2
        import torch

        if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
            raise BadArguments(f"A picture of shape {image.shape} has no hint.", "Pass uint8 (H, W) or (H, W, 3).")
        size = _cells_of(image.shape[1], image.shape[0])
        small = cv2.resize(image, (size[0] * CELL, size[1] * CELL), interpolation=cv2.INTER_AREA)
        grey = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(grey, np.float32) / 255)[None, None]
            return np.asarray(self._network(x)[0, 0].numpy(), np.float32)


def _cells_of(width: int, height: int) -> tuple[int, int]:
    """How many cells (across, down) a picture has."""
    scale = LONG_SIDE / max(width, height) / CELL
    return max(1, round(width * scale)), max(1, round(height * scale))


@cache
def text_hint() -> TextHint:
    """The shipped hint, loaded once."""
    return TextHint()
