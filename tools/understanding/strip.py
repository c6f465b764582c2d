"""Frames as tiny pictures in a row, and what can be told of two of them: whether they show different things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .vision import Images, resize

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

TINY = (64, 36)
"""Width and height of the frames that are kept."""

_CELLS = (16, 9)
_FLAT_SPREAD, _BLACK, _WHITE = 9.0, 28.0, 240.0
_COVERS, _SEEN = 0.5, 0.28
_ALIKE, _PLAIN = 0.78, 3.0
_NO_DETAIL, _DIP = 4.0, 0.8


@dataclass(frozen=True)
class Strip:
    """Frames in a row.

    Attributes:
        times: (N,) seconds.
        tiny: (N, 36, 64, 3) uint8 RGB.
        cells: (N, 432) averages over 16 x 9 cells, whole numbers, so that sums of products are exact in any order.
        spread: (N,) deviation of the pixels, the contrast.
        flat: (N,) whether the frame is black or white all over.
    """

    times: Floats
    tiny: Images
    cells: Floats
    spread: Floats
    flat: NDArray[np.bool_]

    @classmethod
    def of(cls, times: NDArray[np.float32], images: Images) -> Strip:
        """Shrink frames (T, H, W, 3)."""
        import cv2

        tiny = resize(images, *TINY)
        cells = resize(tiny, *_CELLS).reshape(len(tiny), -1).astype(np.float64)
        moments = np.array([cv2.meanStdDev(image) for image in tiny]).reshape(len(tiny), 2, 3)
        light, spread = moments[:, 0], moments[:, 1].max(axis=1)
        flat = (spread < _FLAT_SPREAD) & ((light.max(axis=1) < _BLACK) | (light.min(axis=1) > _WHITE))
        return cls(times.astype(np.float64), tiny, cells, spread, flat)

    def __add__(self, other: Strip) -> Strip:
        return Strip(
            np.concatenate([self.times, other.times]),
            np.concatenate([self.tiny, other.tiny]),
            np.concatenate([self.cells, other.cells]),
            np.concatenate([self.spread, other.spread]),
            np.concatenate([self.flat, other.flat]),
        )

    def __getitem__(self, part: slice | Indices) -> Strip:
        return Strip(self.times[part], self.tiny[part], self.cells[part], self.spread[part], self.flat[part])

    def __len__(self) -> int:
        return len(self.times)

    def at(self, seconds: Floats) -> Indices:
        """Index of the last frame at or before each time, the first frame for what is earlier."""
        found = np.searchsorted(self.times, seconds + 1e-4, side="right") - 1
        return np.clip(found, 0, len(self) - 1)


def dips(strip: Strip, s: int, e: int) -> bool:
    """Whether there is less detail halfway than at the ends: two pictures over each other blur, motion does not."""
    middle = int(strip.at(np.array([(strip.times[s] + strip.times[e]) / 2]))[0])
    halfway = np.clip([middle - 1, middle, middle + 1], s + 1, e - 1)
    detail = _detail(strip.tiny[[s, e, *halfway.tolist()]])
    ends = float(detail[:2].mean())
    return ends < _NO_DETAIL or float(detail[2:].mean()) < _DIP * ends


def _detail(images: Images) -> Floats:
    """Mean squared step between neighbouring pixels, (T,)."""
    values = images.astype(np.float64)
    down, across = ((np.diff(values, axis=axis) ** 2).mean(axis=(1, 2, 3)) for axis in (1, 2))
    total: Floats = down + across
    return total


def differ(before: Images, after: Images) -> bool:
    """Whether two tiny frames show different things: not the same in another light, shifted or scaled, nor a part."""
    a, b = before.astype(np.float32), after.astype(np.float32)
    seen = np.maximum(a, b).max(axis=-1) > 16  # the black beside an upright film is no part of it
    change = np.abs(a - b).max(axis=-1)
    if seen.mean() > _SEEN:
        change = change[seen]
    spread = float(np.sqrt((change**2).mean()))
    if float((change > 0.25 * spread).mean()) < _COVERS:
        return False
    return not _alike(before, after)


def _alike(before: Images, after: Images) -> bool:
    """Whether the middle of a tiny frame, as it is or scaled, correlates with some place in another."""
    import cv2

    height, width = before.shape[:2]
    for scale in (1.0, 0.85, 1.18):
        h, w = round(height * 0.6), round(width * 0.6)
        y, x = (height - h) // 2, (width - w) // 2
        middle = before[y : y + h, x : x + w]
        if scale != 1.0:
            middle = cv2.resize(middle, (round(w * scale), round(h * scale)), interpolation=cv2.INTER_AREA)
        if min(middle.std(axis=(0, 1)).max(), after.std(axis=(0, 1)).max()) < _PLAIN:
            return False
        if float(cv2.matchTemplate(after, middle, cv2.TM_CCOEFF_NORMED).max()) > _ALIKE:
            return True
    return False
