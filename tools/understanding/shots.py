"""Shot boundaries: PySceneDetect's adaptive detector, fed with frames that were decoded elsewhere.

The detector never opens a file: media is decoded in the sandbox alone. Method: content difference in HSV against its
rolling average (Castellano, PySceneDetect), which tells a cut from fast motion and ignores a single flash frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .vision import Images, resize

# Differences are taken at this width: more only adds noise and time.
_WIDTH = 128
_SHORTEST = 0.3
_THRESHOLD = 3.0
_LEAST_CHANGE = 15.0
# In the dark, hue is noise: a fade from black looked like three cuts. Across a true cut the pictures are neither close
# (mean difference of 8-bit values) nor alike up to brightness (correlation; 0.98 in a fade, below 0.3 at cuts).
_LEAST_DIFFERENCE = 4.0
_ALIKE = 0.9


@dataclass(frozen=True)
class Shot:
    """A run of frames without a cut, from ``start`` to ``end`` in seconds."""

    start: float
    end: float


class ShotFinder:
    """Takes frames in order, batch by batch, and finds where the picture cuts.

    Args:
        fps: frames a second that will be pushed, which sets how exact a cut is.
    """

    def __init__(self, fps: float) -> None:
        from scenedetect.detectors import AdaptiveDetector

        self._fps = max(fps, 0.1)
        # A shot shorter than two frames of what is seen cannot be told from a flash.
        shortest = max(2, round(_SHORTEST * self._fps))
        self._detector: Any = AdaptiveDetector(
            adaptive_threshold=_THRESHOLD, min_scene_len=shortest, min_content_val=_LEAST_CHANGE
        )
        self._times: list[float] = []
        self._cuts: list[int] = []
        self._changed: list[bool] = []
        self._last: NDArray[np.float32] | None = None

    def push(self, times: NDArray[np.float32], images: Images) -> None:
        """Frames (T, H, W, 3) RGB at ``times`` (T,) seconds, later than all before."""
        from scenedetect import FrameTimecode

        height = max(16, round(_WIDTH * images.shape[1] / images.shape[2]))
        for time, image in zip(times, resize(images, _WIDTH, height), strict=True):
            code = FrameTimecode(len(self._times), self._fps)
            self._times.append(float(time))
            pixels = image.astype(np.float32).ravel()
            self._changed.append(self._last is not None and _differ(self._last, pixels))
            self._last = pixels
            self._cuts += [cut.frame_num for cut in self._detector.process_frame(code, image[:, :, ::-1].copy())]

    def shots(self, duration: float) -> list[Shot]:
        """The shots so far; the last ends at ``duration``, or with its last frame where that is later."""
        if not self._times:
            return []
        end = max(duration, self._times[-1])
        edges = [0.0 if self._times[0] < 1 else self._times[0], *(self._times[cut] for cut in self._cuts if self._changed[cut]), end]
        return [Shot(a, b) for a, b in zip(edges, edges[1:], strict=False)]


def _differ(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    if float(np.abs(before - after).mean()) < _LEAST_DIFFERENCE:
        return False
    spread = float(before.std() * after.std())
    return spread < 1 or float(((before - before.mean()) * (after - after.mean())).mean()) / spread < _ALIKE


def detect_shots(batches: Iterable[tuple[NDArray[np.float32], Images]], fps: float, duration: float) -> list[Shot]:
    """Shots of a stream of (times, frames) batches.

    Args:
        batches: frames in order, as :class:`ShotFinder` takes them.
        fps: frames a second in the stream.
        duration: seconds.
    """
    finder = ShotFinder(fps)
    for times, images in batches:
        finder.push(times, images)
    return finder.shots(duration)
