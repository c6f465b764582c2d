"""A closer look at parts of some pictures: what is small in the whole is large in one of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .sampling import Sampler
from .vision import FrameEncoder, Images, resize

Floats = NDArray[np.float32]

_SIDE = 224
_LEAST, _MOST = 4.0, 16.0


class CloserLooks:
    """Scores parts of the large frames, of those that show something new.

    Args:
        encoder: scores pictures; one without classes is never asked.
    """

    def __init__(self, encoder: FrameEncoder) -> None:
        self._encoder = encoder
        self._sampler = Sampler(_LEAST, _MOST)
        self._scores: list[tuple[float, Floats]] = []

    def push(self, larger: Iterable[tuple[float, NDArray[np.uint8]]]) -> None:
        """Large frames (time in seconds, (H, W, 3)), later than all before."""
        if not self._encoder.classes:
            return
        chosen = [
            (time, squares_of(image))
            for time, image in larger
            if self._sampler.choose(np.array([time], np.float32), image[None])
        ]
        if chosen:
            logits = self._encoder.encode(np.concatenate([squares for _, squares in chosen])).logits
            self._scores += [(time, logits[3 * k : 3 * k + 3]) for k, (time, _) in enumerate(chosen)]

    def between(self, start: float, end: float) -> list[Floats]:
        """Class scores (3, C) of each frame that was looked at closely from ``start`` to before ``end``."""
        return [scores for time, scores in self._scores if start - 1e-4 <= time < end]

    def forget(self, end: float) -> None:
        """Drop what lies before a time."""
        self._scores = [one for one in self._scores if one[0] >= end - 1e-3]


def squares_of(image: NDArray[np.uint8]) -> Images:
    """Three squares along the long side, (3, 224, 224, 3)."""
    height, width = image.shape[:2]
    short, long = min(height, width), max(height, width)
    scale = _SIDE / (short if long > 1.25 * short else 0.75 * short)
    width, height = max(_SIDE, round(width * scale)), max(_SIDE, round(height * scale))
    scaled = resize(image[None], width, height)[0]
    across = (min(height, width) - _SIDE) // 2
    starts = np.linspace(0, max(height, width) - _SIDE, 3).round().astype(int).tolist()
    corners = [(across, at) if width >= height else (at, across) for at in starts]
    return np.stack([scaled[y : y + _SIDE, x : x + _SIDE] for y, x in corners])
