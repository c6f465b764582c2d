"""Reads what the things of a clip of the drawn world are and how many: a small network, trained on drawn clips.

Things are found by their colours (:mod:`.scene_analysis`), cut out, and read one by one, so that two kinds at once are
no harder than one. The network has never seen a generated clip; blur, noise and colour shifts in its training stand for
what generators get wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scene_analysis import Coloured, Floats, Frames, coloured
from .scene_world import KINDS, Scene
from .scenes import render_seed

_SIDE = 32
_READ = (2, 5, 8, 11, 14)  # frames that are read; their scores are added
_SCENES = 20_000_000  # their seeds; none of them is trained on or asked for elsewhere
_AROUND = 1.5  # how much is cut out, in halves of the longer side of what has the colour
_PART = 0.3  # a part of a colour counts from this share of its biggest one
_LEAST = 6  # pixels
_MOST = 3  # things in a row that touch each other


@dataclass(frozen=True)
class Objects:
    """What was read.

    Attributes:
        kind: of the things of the most frequent colour; empty where there are none.
        two: those of the two most frequent colours, the same twice where there is one.
        count: how many there are of the most frequent colour.
    """

    kind: str
    two: tuple[str, str]
    count: int


@dataclass(frozen=True)
class _Cutting:
    """A part of the picture with one thing, or several that touch: the frame, how many parts it has, (32, 32, 3)."""

    frame: int
    parts: int
    picture: NDArray[np.uint8]


def _cuttings(frames: Frames, mask: Floats) -> Iterator[_Cutting]:
    """What a colour's mask (T, 64, 64) shows in the frames that are read."""
    for frame in _READ:
        parts = _parts(mask[frame])
        for part in parts:
            yield _Cutting(frame, len(parts), _cut(frames[frame], part))


def _parts(mask: Floats) -> list[NDArray[np.bool_]]:
    """The connected parts of a mask (64, 64), without specks; gaps of two pixels are bridged."""
    import cv2

    marks = (mask > 0).astype(np.uint8)
    closed = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, facts, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    areas = [int(facts[index, cv2.CC_STAT_AREA]) for index in range(1, count)]
    found = [(labels == index + 1) & (marks > 0) for index, area in enumerate(areas) if area >= _PART * max(areas)]
    return [part for part in found if part.sum() >= _LEAST]


def _cut(frame: NDArray[np.uint8], part: NDArray[np.bool_]) -> NDArray[np.uint8]:
    import cv2

    ys, xs = np.nonzero(part)
    down, across = (ys.min() + ys.max() + 1) / 2, (xs.min() + xs.max() + 1) / 2
    scale = _SIDE / (_AROUND * (max(np.ptp(ys), np.ptp(xs)) + 1))
    moved = np.array([[scale, 0, _SIDE / 2 - across * scale], [0, scale, _SIDE / 2 - down * scale]])
    picture: NDArray[np.uint8] = cv2.warpAffine(frame, moved, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE)
    return picture


def _examples(count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Cuttings (N, 32, 32, 3) of drawn clips, with what they show: kind, and how many less one (-1: not known)."""
    pictures, labels = [], []
    for seed in range(_SCENES, _SCENES + count):
        scene, frames = render_seed(seed)
        seen = coloured(frames.astype(np.float32))
        for colour, kind, number in _shown(scene):
            for cutting in _cuttings(frames, seen.masks[seen.names.index(colour)]):
                touching = {1: number, number: 1}.get(cutting.parts, 0)
                pictures.append(cutting.picture)
                labels.append((KINDS.index(kind), touching - 1))
    return np.stack(pictures), np.array(labels)


def _shown(scene: Scene) -> list[tuple[str, str, int]]:
    """Colour, kind and number of the things in a scene."""
    if not scene.kind:
        return []
    first = (scene.colour, scene.kind, scene.count if not scene.second else 1)
    return [first, (scene.second_colour, scene.second, 1)] if scene.second else [first]


def _network() -> Any:
    """An untrained network: cuttings (N, 3, 32, 32) in -1 to 1 -> scores (N, kinds + numbers)."""
    from torch import nn

    layers: list[Any] = []
    for entry, leave in ((3, 24), (24, 48), (48, 96)):
        layers += [
            nn.Conv2d(entry, leave, 3, padding=1), nn.BatchNorm2d(leave), nn.ReLU(),
            nn.Conv2d(leave, leave, 3, stride=2, padding=1), nn.BatchNorm2d(leave), nn.ReLU(),
        ]  # fmt: skip
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(96 * 16, len(KINDS) + _MOST))


def _worn(pictures: Any) -> Any:
    """Pictures as a generator might have drawn them: blurred, noisy, shifted in colour and place."""
    import torch
    from torch.nn import functional as F  # noqa: N812 - its usual name

    n = len(pictures)
    share = torch.rand(n, 1, 1, 1)
    pictures = pictures + (F.avg_pool2d(pictures, 3, 1, 1) - pictures) * share
    pictures = pictures + torch.randn_like(pictures) * 0.12 * torch.rand(n, 1, 1, 1)
    pictures = torch.roll(pictures, tuple(torch.randint(-3, 4, (2,)).tolist()), (2, 3))
    return pictures * (1 + 0.15 * torch.randn(n, 3, 1, 1))


class Reader:
    """Reads clips. Made by :meth:`trained`."""

    def __init__(self, network: Any) -> None:
        self._network = network

    @classmethod
    def trained(cls, scenes: int = 2500, steps: int = 700, batch: int = 96, seed: int = 0) -> Reader:
        """Train a reader on freshly drawn scenes: two minutes of one idle core."""
        import torch
        from torch.nn import functional as F  # noqa: N812 - its usual name

        torch.manual_seed(seed)
        pictures, labels = (torch.from_numpy(part) for part in _examples(scenes))
        network = _network()
        optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
        for _ in range(steps):
            rows = torch.randint(len(pictures), (batch,))
            kinds, numbers = network(_worn(_scaled(pictures[rows]))).split([len(KINDS), _MOST], 1)
            loss = F.cross_entropy(kinds, labels[rows, 0])
            loss = loss + 0.5 * F.cross_entropy(numbers, labels[rows, 1], ignore_index=-1)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        return cls(network.eval())

    def read(self, frames: Frames) -> Objects:
        """What is in a clip (16, 64, 64, 3), and how many."""
        seen = coloured(frames.astype(np.float32))
        found = [one for one in (self._of_colour(frames, seen, index) for index in seen.order[:2]) if one]
        if not found:
            return Objects("", ("", ""), 0)
        return Objects(found[0][0], (found[0][0], found[-1][0]), found[0][1])

    def _of_colour(self, frames: Frames, seen: Coloured, index: int) -> tuple[str, int] | None:
        """Kind and number of the things that have a colour."""
        import torch

        cuttings = list(_cuttings(frames, seen.masks[index]))
        if not cuttings:
            return None
        with torch.inference_mode():
            scores = self._network(_scaled(torch.from_numpy(np.stack([one.picture for one in cuttings]))))
        kinds, numbers = scores.split([len(KINDS), _MOST], 1)
        each = dict.fromkeys((one.frame for one in cuttings), 0)
        for one, number in zip(cuttings, numbers.argmax(1).tolist(), strict=True):
            each[one.frame] += number + 1
        return KINDS[int(kinds.log_softmax(1).sum(0).argmax())], min(_MOST, round(float(np.median([*each.values()]))))


def check(reader: Reader, first: int, count: int) -> dict[str, list[int]]:
    """Right and all of what a reader says of drawn clips (seeds from ``first`` on): kinds, both of two, how many."""
    right: dict[str, list[bool]] = {"kind": [], "kinds": [], "count": []}
    for seed in range(first, first + count):
        scene, frames = render_seed(seed)
        found = reader.read(frames)
        if scene.second:
            right["kinds"].append(sorted(found.two) == sorted((scene.kind, scene.second)))
        elif scene.kind:
            right["kind"].append(found.kind == scene.kind)
            right["count"].append(found.count == scene.count)
    return {name: [sum(row), len(row)] for name, row in right.items()}


def _scaled(pictures: Any) -> Any:
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
