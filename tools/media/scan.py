"""Frames to be looked at one by one: evenly spaced, and every change of the picture besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .decode import Frames
from .tiny import change, tiny

_UNLIKE: Final = 20.0  # change from which a frame is another picture


def scan(parts: Iterable[Frames], *, every: float, batch: int = 32) -> Iterator[NDArray[np.uint8]]:
    """Batches of frames (T, H, W, 3): one at least every ``every`` seconds, and each that is unlike the last given.

    So no shot is passed over, and no single frame that differs from those around it.

    Args:
        parts: all frames of a clip, as :func:`~.decode.stream` gives them.
        every: seconds.
        batch: frames in a batch at most.
    """
    chosen: list[NDArray[np.uint8]] = []
    due, last = -1.0, None
    for part in parts:
        for time, image in zip(part.times.tolist(), part.images, strict=True):
            small = tiny(image)
            if last is not None and time < due and change(small, last) < _UNLIKE:
                continue
            chosen.append(image.copy())  # not a view: it would keep its whole batch in memory
            due, last = time + every - 1e-3, small
            if len(chosen) == batch:
                yield np.stack(chosen)
                chosen = []
    if chosen:
        yield np.stack(chosen)
