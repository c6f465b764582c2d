"""Recipe of the text hint (``tools/understanding/texthint.py``): titles drawn over photos, a cell at a time.

    python -m gpt4video.agent.training.text_hint --photos DIR --output FILE [--steps 6000]

A title is drawn large, reduced to the frame's size and laid over a photo; then the picture is blurred, darkened and
compressed a little, as video is. A cell is right when it says whether a line of text covers it.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...tools.understanding.texthint import CELL, network
from .drawn_text import PRACTISED, titles

if TYPE_CHECKING:
    import torch

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Layer = tuple[Floats, Floats, Floats]

_SIZE = (224, 128)  # width, height of a training picture; the density of detail is that of a frame of 256
_SCALE = 3
_BATCH = 16
_TITLED, _TITLES = 0.8, 4
_LEAST_CONTRAST = 12.0
_POSITIVE = 2.0
_SEED = 7


def read_photos(folder: Path) -> list[Pixels]:
    """Grey pictures (H, W) of a folder, the long side 256 at most."""
    photos: list[Pixels] = []
    for path in sorted(folder.glob("*.jpg")):
        image = Image.open(path).convert("L")
        image.thumbnail((256, 256), Image.Resampling.BOX)
        if image.width >= _SIZE[0] and image.height >= _SIZE[1]:
            photos.append(np.asarray(image, np.uint8))
    return photos


def draw_layers(count: int, seed: int) -> list[Layer]:
    """Titles at the size of the frame: (grey times opacity, opacity, cells), two (H, W) and one (h, w)."""
    layers: list[Layer] = []
    large = (_SIZE[0] * _SCALE, _SIZE[1] * _SCALE)
    for index, title in enumerate(itertools.islice(titles(seed, PRACTISED, 0.027, 0.28), count)):
        layer = title.layer(large, dark=bool(index % 2))
        opacity = (np.asarray(layer.getchannel("A"), np.float32) / 255).astype(np.float32)
        grey = (np.asarray(layer.convert("L"), np.float32) * opacity).astype(np.float32)
        layers.append((_reduced(grey), _reduced(opacity), _cells((title.boxes(large) / _SCALE).astype(np.float32))))
    return layers


def _reduced(image: Floats) -> Floats:
    height, width = image.shape
    parts = image.reshape(height // _SCALE, _SCALE, width // _SCALE, _SCALE)
    return np.asarray(parts.mean(axis=(1, 3)), np.float32)


def _cells(boxes: Floats) -> Floats:
    """Which cells lines cover: 1 well inside, -1 (not counted) at their edges, 0 elsewhere."""
    x = (np.arange(_SIZE[0] // CELL) + 0.5) * CELL
    y = (np.arange(_SIZE[1] // CELL) + 0.5) * CELL
    cells = np.zeros((len(y), len(x)), np.float32)
    for left, top, right, bottom in boxes.tolist():
        near = (y[:, None] > top - CELL / 2) & (y[:, None] < bottom + CELL / 2)
        near = near & (x[None] > left - CELL / 2) & (x[None] < right + CELL / 2)
        cells[near & (cells == 0)] = -1
        # A line thinner than a cell covers the cells of its middle all the same.
        deep = np.abs(y - (top + bottom) / 2)[:, None] <= max((bottom - top) / 2 - 1, CELL / 2)
        cells[deep & (x[None] > left) & (x[None] < right)] = 1
    return cells


def batches(photos: list[Pixels], layers: list[Layer]) -> Iterator[tuple[Floats, Floats]]:
    """Endless (pictures (N, 1, H, W) in 0..1, cells (N, 1, h, w) of 1, 0, or -1 for not counted)."""
    rng = np.random.default_rng(_SEED)
    width, height = _SIZE
    while True:
        images, labels = [], []
        for _ in range(_BATCH):
            photo = photos[rng.integers(len(photos))]
            y, x = rng.integers(photo.shape[0] - height + 1), rng.integers(photo.shape[1] - width + 1)
            image = photo[y : y + height, x : x + width].astype(np.float32)
            image = image[:, ::-1] if rng.random() < 0.5 else image
            cells = np.zeros((height // CELL, width // CELL), np.float32)
            if rng.random() < _TITLED:
                for _ in range(rng.integers(1, _TITLES + 1)):
                    grey, opacity, more = _shifted(layers[rng.integers(len(layers))], rng)
                    if not (cells[more != 0] != 0).any():
                        image, cells = _laid(image, grey, opacity, more, cells)
            images.append(_as_video(image, rng))
            labels.append(cells)
        yield np.stack(images)[:, None], np.stack(labels)[:, None]


def _shifted(parts: Layer, rng: np.random.Generator) -> Layer:
    """A layer's grey, opacity and cells, moved by whole cells and round the edges."""
    grey, opacity, cells = parts
    down, across = int(rng.integers(cells.shape[0])), int(rng.integers(cells.shape[1]))
    by = down * CELL, across * CELL
    return np.roll(grey, by, (0, 1)), np.roll(opacity, by, (0, 1)), np.roll(cells, (down, across), (0, 1))


def _laid(image: Floats, grey: Floats, opacity: Floats, more: Floats, cells: Floats) -> tuple[Floats, Floats]:
    """A title over a picture; where it cannot be told from its ground, nothing is to be learnt."""
    titled = grey + (1 - opacity) * image
    inked = opacity > 0.25
    visible = inked.any() and float(np.abs(titled - image)[inked].mean()) >= _LEAST_CONTRAST
    learnt = more if visible else np.where(more > 0, -1, more)
    return titled, (cells + learnt).astype(np.float32)


def _as_video(image: Floats, rng: np.random.Generator) -> Floats:
    import cv2

    if rng.random() < 0.4:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8)), np.float32)
    lit = (image - 128) * rng.uniform(0.6, 1.1) + 128 + rng.uniform(-30, 30)
    noisy = lit + rng.normal(0, rng.uniform(0, 3), image.shape)
    grey = noisy.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        _, code = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        grey = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
    return (grey / 255).astype(np.float32)


def train(photos: list[Pixels], steps: int, layers: int = 1000) -> torch.nn.Module:
    """The network after ``steps`` batches."""
    import torch
    from torch.nn import functional

    torch.manual_seed(_SEED)
    model: torch.nn.Module = network()
    optimiser = torch.optim.AdamW(model.parameters(), 6e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps, pct_start=0.15)
    begin, losses = time.perf_counter(), []
    for step, (images, cells) in zip(range(1, steps + 1), batches(photos, draw_layers(layers, _SEED)), strict=False):
        truth = torch.from_numpy(cells)
        logits = model(torch.from_numpy(images))
        each = functional.binary_cross_entropy_with_logits(
            logits, truth.clamp(min=0), reduction="none", pos_weight=torch.tensor(_POSITIVE)
        )
        loss = (each * (truth >= 0)).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 100 == 0:
            said = f"{step:6} loss {np.mean(losses[-100:]):.4f} {time.perf_counter() - begin:.0f} s"
            print(said, flush=True)  # noqa: T201 - this is a command line
    return model.eval()


def main() -> None:
    """Train and write."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=6000)
    options = parser.parse_args()
    model = train(read_photos(options.photos), options.steps)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in model.state_dict().items()}, str(options.output))


if __name__ == "__main__":
    main()
