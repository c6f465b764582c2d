"""Deciding where reading text is worth its cost: skip what did not change, catch what flashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .vision import Images

Floats = NDArray[np.float32]

_BLOCKS = (64, 36)
# A block changed when its mean grey did by so much; of a flash, so large a share of the picture changes and changes
# back. Measured: a caption for one frame 69 %, people and balls in motion below 3 %, a still scene below 0.5 %.
_STEP = 20
_FLASH_SHARE = 0.008
_UNCHANGED = 8
_LAGS = (1, 2, 3, 4, 6, 8, 12)
_APART = 0.3


class ChangeWatch:
    """Takes frames in order and keeps a tiny grey copy of each (2 kB)."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._blocks: list[NDArray[np.uint8]] = []

    def push(self, times: NDArray[np.float32], images: Images) -> None:
        """Frames (T, H, W, 3) RGB at ``times`` (T,) seconds, later than all before."""
        import cv2

        for time, image in zip(times.tolist(), images, strict=True):
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            self._times.append(time)
            self._blocks.append(np.asarray(cv2.resize(grey, _BLOCKS, interpolation=cv2.INTER_AREA), np.uint8))

    def flashes(self, most: int) -> list[float]:
        """Times of frames in which something shows up that is gone half a second later, the clearest first."""
        if len(self._times) < 3:
            return []
        blocks = np.stack(self._blocks).astype(np.int16)
        score = np.zeros(len(blocks))
        for lag in _LAGS:
            if len(blocks) < lag + 2:
                break
            before, first, last, after = blocks[: -lag - 1], blocks[1:-lag], blocks[lag:-1], blocks[lag + 1 :]
            there_and_back = np.minimum(np.abs(first - before), np.abs(after - last)) - np.abs(after - before)
            share = (there_and_back >= _STEP).mean(axis=(1, 2))
            score[1:-lag] = np.maximum(score[1:-lag], share)
        found: list[float] = []
        for index in np.argsort(-score, kind="stable"):
            if score[index] < _FLASH_SHARE or len(found) == most:
                break
            if all(abs(self._times[index] - time) >= _APART for time in found):
                found.append(self._times[index])
        return found

    def looks(self, every: float, most: int) -> list[tuple[float, bool]]:
        """Where to read: (time, whether the picture differs from the look before).

        The first and the last frame, one every ``every`` seconds (more apart when there would be more than ``most``),
        and the flashes. A look without a difference need not be read: what was there still is.
        """
        if not self._times:
            return []
        times = np.array(self._times)
        flashes = self.flashes(max(2, most // 4))
        room = max(2, most - len(flashes) - 1)
        apart = max(every, float(times[-1] - times[0]) / room)
        grid = np.searchsorted(times, np.arange(times[0], times[-1], apart) - 1e-4)
        wanted = sorted({*grid.tolist(), len(times) - 1, *np.searchsorted(times, flashes).tolist()})
        looks: list[tuple[float, bool]] = []
        last: NDArray[np.int16] | None = None
        for index in wanted:
            blocks = self._blocks[index].astype(np.int16)
            differs = last is None or int(np.abs(blocks - last).max()) > _UNCHANGED
            if differs:
                last = blocks
            looks.append((self._times[index], differs))
        return looks
