"""Frame features for training: photos with augmentations, camera moves over photos, drawn clips.

All features lie in one bank on the device, (R, 49, 1280) float16, and everything else refers to its rows: a "video"
is a list of rows. Seven thousand photos with five variants each take 4.4 GB.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ...tools.understanding.efficientnet import GRID, SIDE, WIDTH, EfficientNetLite0
from .drawn_clips import DrawnClip, draw_clip

CAMERA = {
    "right": (1.0, 0.0), "left": (-1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0),
    "in": (0.0, 0.0), "out": (0.0, 0.0), "still": (0.0, 0.0),
}  # fmt: skip
_MEAN, _DEVIATION = 127.0, 128.0


@dataclass(frozen=True)
class Boxes:
    """Crop windows: centre (N, 2) and size (N,) in the picture's own coordinates -1..1, and whether mirrored (N,)."""

    centre: NDArray[np.float32]
    size: NDArray[np.float32]
    mirrored: NDArray[np.bool_]


class FrameFeaturizer:
    """EfficientNet-Lite0 on the device, over crops of uint8 pictures."""

    def __init__(self, weights: Path, device: torch.device, batch: int = 256) -> None:
        network = EfficientNetLite0().eval()
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self._device, self._batch = device, batch
        self._dtype = torch.bfloat16
        network = network.fused().requires_grad_(False)
        network = network.to(device, self._dtype)
        # torch has this argument; its stubs of Module.to do not.
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, images: Tensor, boxes: Boxes | None = None) -> tuple[Tensor, Tensor]:
        """Pictures (N, 3, S, S) uint8 -> grid (N, 49, 1280) float16 here, class logits (N, 1000) on the CPU."""
        grids = torch.empty(len(images), GRID * GRID, WIDTH, dtype=torch.float16, device=self._device)
        logits = torch.empty(len(images), 1000)
        for first in range(0, len(images), self._batch):
            span = slice(first, min(first + self._batch, len(images)))
            x = images[span].to(self._device).float().sub_(_MEAN).div_(_DEVIATION)
            if boxes is not None:
                x = crop(x, boxes, span)
            grid, _, scores = self._network(x.to(self._dtype).contiguous(memory_format=torch.channels_last))
            grids[span] = grid.half()
            logits[span] = scores.float().cpu()
        return grids, logits


def crop(x: Tensor, boxes: Boxes, span: slice = slice(None)) -> Tensor:
    """Pictures (N, 3, H, W) as float -> their windows (N, 3, 224, 224); ``span`` of the boxes belongs to them."""
    size = torch.from_numpy(boxes.size[span]).to(x.device)
    centre = torch.from_numpy(boxes.centre[span]).to(x.device)
    mirror = torch.from_numpy(np.where(boxes.mirrored[span], -1.0, 1.0).astype(np.float32)).to(x.device)
    theta = torch.zeros(len(x), 2, 3, device=x.device)
    theta[:, 0, 0], theta[:, 1, 1] = size * mirror, size
    theta[:, :, 2] = centre
    place = functional.affine_grid(theta, [len(x), 3, SIDE, SIDE], align_corners=False)
    return functional.grid_sample(x, place, mode="bilinear", padding_mode="reflection", align_corners=False)


def load_photos(folder: Path, names: Sequence[str], workers: int = 8) -> Tensor:
    """Pictures (N, 3, 224, 224) uint8, resized where they are not of that size."""

    def read(name: str) -> NDArray[np.uint8]:
        with Image.open(folder / name) as picture:
            return np.asarray(picture.convert("RGB").resize((SIDE, SIDE)), np.uint8)

    with ThreadPoolExecutor(workers) as pool:
        return torch.from_numpy(np.stack(list(pool.map(read, names)))).permute(0, 3, 1, 2).contiguous()


def random_boxes(count: int, rng: np.random.Generator, mirrored: bool) -> Boxes:
    """Crops of 55 to 100 % of the area, anywhere."""
    size = np.sqrt(rng.uniform(0.55, 1.0, count)).astype(np.float32)
    centre = rng.uniform(-1, 1, (count, 2)).astype(np.float32) * (1 - size[:, None])
    return Boxes(centre, size, np.full(count, mirrored))


def camera_boxes(kind: str, frames: int, rng: np.random.Generator) -> Boxes:
    """The windows of a camera that pans, zooms or stands still over one photo."""
    if kind in ("in", "out"):
        size = np.linspace(1.0, rng.uniform(0.45, 0.65), frames)
        centre = rng.uniform(-0.3, 0.3, 2) * (1 - size[:, None])
        order = slice(None) if kind == "in" else slice(None, None, -1)
        size, centre = size[order], centre[order]
    else:
        window = rng.uniform(0.5, 0.75)
        size, free = np.full(frames, window), 1 - window
        step = np.asarray(CAMERA[kind]) * free * rng.uniform(0.75, 1.0)
        drift = rng.uniform(-1, 1, 2) * free * (np.asarray(CAMERA[kind]) == 0)
        centre = drift + np.linspace(-1, 1, frames)[:, None] * step
        centre = centre + rng.normal(0, 0.004, centre.shape)
    return Boxes(centre.astype(np.float32), size.astype(np.float32).copy(), np.zeros(frames, bool))


def join_boxes(parts: Sequence[Boxes]) -> Boxes:
    """Boxes one after the other."""
    return Boxes(
        np.concatenate([part.centre for part in parts]),
        np.concatenate([part.size for part in parts]),
        np.concatenate([part.mirrored for part in parts]),
    )


def drawn(count: int, frames: int, seed: int, photos: Tensor | None = None) -> list[DrawnClip]:
    """``count`` drawn clips; every third over one of ``photos`` (N, 3, 224, 224)."""

    def one(number: int) -> DrawnClip:
        rng = np.random.default_rng([seed, number])
        back = None
        if photos is not None and number % 3 == 0:
            back = photos[int(rng.integers(len(photos)))].permute(1, 2, 0).numpy()
        return draw_clip(rng, frames, SIDE, back)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(count)))
