"""Fills the feature bank: every photo with its variants, camera moves over some, drawn clips."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..model.see_prompts import top_labels
from .see_data import Move, Photo
from .see_features import CAMERA, Boxes, FrameFeaturizer, camera_boxes, drawn, join_boxes, load_photos, random_boxes

FRAMES = 8
"""Frames of every move in the bank."""


@dataclass
class Bank:
    """Features of every frame that training and its checks use.

    Attributes:
        grid: (R, 49, 1280) float16 on the device.
        photos: by split, with rows and labels filled in.
        moves: by split.
    """

    grid: Tensor
    photos: dict[str, list[Photo]]
    moves: dict[str, list[Move]]

    def features(self, rows: Tensor | Sequence[Sequence[int]]) -> Tensor:
        """Rows (B, T) -> features (B, T, 49, 1280)."""
        return self.grid[torch.as_tensor(rows, device=self.grid.device)]

    def save(self, folder: Path) -> None:
        """Keep the bank on disk: ``grid.npy`` and ``bank.json``, about 0.13 MB a frame."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "grid.npy", self.grid.cpu().numpy())
        facts = {
            "photos": {split: [asdict(photo) for photo in listed] for split, listed in self.photos.items()},
            "moves": {
                split: [{**asdict(m), "photo": m.photo.name if m.photo else None} for m in listed]
                for split, listed in self.moves.items()
            },
        }
        (folder / "bank.json").write_text(json.dumps(facts), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> Bank:
        """Read what :meth:`save` wrote; on the CPU the frames stay on disk until they are used."""
        facts = json.loads((folder / "bank.json").read_text(encoding="utf-8"))
        photos = {split: [_photo(values) for values in listed] for split, listed in facts["photos"].items()}
        known = {photo.name: photo for listed in photos.values() for photo in listed}
        moves = {
            split: [Move(**{**v, "rows": tuple(v["rows"]), "photo": known.get(v["photo"])}) for v in listed]
            for split, listed in facts["moves"].items()
        }
        grid = torch.from_numpy(np.load(folder / "grid.npy", mmap_mode="c"))
        return cls(grid.to(device), photos, moves)


@dataclass(frozen=True)
class BankSize:
    """How much of everything: variants of a training photo (half of them mirrored), moves and drawings by split."""

    variants: int = 6
    camera: int = 2400
    drawn: int = 1500
    dev_camera: int = 200
    dev_drawn: int = 200


def fill(
    featurizer: FrameFeaturizer,
    names: Sequence[str],
    folder: Path,
    splits: dict[str, list[Photo]],
    size: BankSize,
    seed: int,
) -> Bank:
    """Compute all features.

    Args:
        featurizer: on the device that the bank is to live on.
        names: class names, for the labels.
        folder: the data folder with ``images/``.
        splits: ``train`` and ``dev`` photos.
        size: how much.
        seed: of crops, moves and drawings.
    """
    rng = np.random.default_rng(seed)
    parts: list[Tensor] = []
    photos: dict[str, list[Photo]] = {}
    moves: dict[str, list[Move]] = {}
    rows = 0
    for split, listed in splits.items():
        dev = split == "dev"
        images = load_photos(folder / "images", [photo.name for photo in listed])
        variants = 1 if dev else size.variants
        grids, labels = _variants(featurizer, images, variants, names, rng)
        photos[split] = [_placed(p, rows + i, len(listed), variants, labels[i]) for i, p in enumerate(listed)]
        parts.append(grids)
        rows += len(grids)
        cameras, shown = _cameras(size.dev_camera if dev else size.camera, photos[split], rng)
        # Drawings of the training split lie over training photos only.
        drawings = drawn(size.dev_drawn if dev else size.drawn, FRAMES, seed + 1000 * dev, images)
        parts += [_camera_features(featurizer, images, cameras), _drawn_features(featurizer, drawings)]
        moves[split] = [
            Move(tuple(range(rows + i * FRAMES, rows + (i + 1) * FRAMES)), kind, photos[split][which])
            for i, (kind, which) in enumerate(shown)
        ]
        rows += len(parts[-2])
        moves[split] += [
            Move(tuple(range(rows + i * FRAMES, rows + (i + 1) * FRAMES)), d.direction, None, d.shape, d.colour)
            for i, d in enumerate(drawings)
        ]
        rows += len(parts[-1])
    return Bank(torch.cat(parts), photos, moves)


def _photo(values: dict[str, Any]) -> Photo:
    lists = ("captions", "plain", "mirrored", "labels")
    given: dict[str, Any] = {key: tuple(value) if key in lists else value for key, value in values.items()}
    return Photo(**given)


def _variants(
    featurizer: FrameFeaturizer, images: Tensor, variants: int, names: Sequence[str], rng: np.random.Generator
) -> tuple[Tensor, list[tuple[str, ...]]]:
    grids, logits = featurizer(images)
    found = [top_labels(row, names) for row in logits.softmax(-1).tolist()]
    boxes = [random_boxes(len(images), rng, mirrored=number % 2 == 1) for number in range(1, variants)]
    return torch.cat([grids, *(featurizer(images, some)[0] for some in boxes)]), found


def _placed(photo: Photo, first: int, stride: int, variants: int, labels: tuple[str, ...]) -> Photo:
    rows = [first + number * stride for number in range(variants)]
    return replace(photo, plain=tuple(rows[0::2]), mirrored=tuple(rows[1::2]), labels=labels)


def _cameras(
    count: int, photos: Sequence[Photo], rng: np.random.Generator
) -> tuple[list[tuple[int, Boxes]], list[tuple[str, int]]]:
    kinds, boxes, shown = list(CAMERA), [], []
    for number in range(count):
        kind, which = kinds[number % len(kinds)], int(rng.integers(len(photos)))
        boxes.append((which, camera_boxes(kind, FRAMES, rng)))
        shown.append((kind, which))
    return boxes, shown


def _camera_features(featurizer: FrameFeaturizer, images: Tensor, cameras: Sequence[tuple[int, Boxes]]) -> Tensor:
    parts = []
    for first in range(0, len(cameras), 64):
        some = cameras[first : first + 64]
        frames = images[[which for which, _ in some for _ in range(FRAMES)]]
        parts.append(featurizer(frames, join_boxes([box for _, box in some]))[0])
    return torch.cat(parts) if parts else featurizer(images[:0])[0]


def _drawn_features(featurizer: FrameFeaturizer, drawings: Sequence[object]) -> Tensor:
    frames = [torch.from_numpy(d.frames).permute(0, 3, 1, 2) for d in drawings]  # type: ignore[attr-defined]
    return featurizer(torch.cat(frames) if frames else torch.zeros(0, 3, 224, 224, dtype=torch.uint8))[0]
