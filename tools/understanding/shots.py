"""Shot boundaries: PySceneDetect's adaptive detector, fed with frames that were decoded elsewhere.

The detector never opens a file: media is decoded in the sandbox alone. Method: content difference in HSV against its
rolling average (Castellano, PySceneDetect), which tells a cut from fast motion and ignores a single flash frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .vision import Images, resize

# Differences are taken at this width: more only adds noise and time.
_WIDTH = 128
_THUMB = (32, 18)
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
        self._thumbs: list[Images] = []

    def push(self, times: NDArray[np.float32], images: Images) -> None:
        """Frames (T, H, W, 3) RGB at ``times`` (T,) seconds, later than all before."""
        from scenedetect import FrameTimecode

        height = max(16, round(_WIDTH * images.shape[1] / images.shape[2]))
        small = resize(images, _WIDTH, height)
        self._thumbs += list(resize(small, *_THUMB))
        for time, image in zip(times, small, strict=True):
            code = FrameTimecode(len(self._times), self._fps)
            self._times.append(float(time))
            self._cuts += [cut.frame_num for cut in self._detector.process_frame(code, image[:, :, ::-1].copy())]

    def shots(self, duration: float) -> list[Shot]:
        """The shots so far; the last ends at ``duration``, or with its last frame where that is later."""
        if not self._times:
            return []
        end = max(duration, self._times[-1])
        cuts = [self._times[cut] for cut in self._cuts if self._true_cut(cut)]
        edges = [0.0 if self._times[0] < 1 else self._times[0], *cuts, end]
        return [Shot(a, b) for a, b in pairwise(edges)]

    def _true_cut(self, cut: int) -> bool:
        """Whether the picture changed at a cut and stays changed: a flash comes back to what was there."""
        before = self._thumbs[cut - 1]
        later = min(cut + max(1, round(_SHORTEST * self._fps)), len(self._thumbs) - 1)
        return _differ(before, self._thumbs[cut]) and _differ(before, self._thumbs[later])


def _differ(before: Images, after: Images) -> bool:
    a, b = before.astype(np.float32), after.astype(np.float32)
    if float(np.abs(a - b).mean()) < _LEAST_DIFFERENCE:
        return False
    spread = float(a.std() * b.std())
    return spread < 1 or float(((a - a.mean()) * (b - b.mean())).mean()) / spread < _ALIKE


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
