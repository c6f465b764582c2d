"""Take the shake out of a picture with vidstab: one pass measures the motion, the other moves frames against it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import BadArguments
from ..media.ffmpeg import run_ffmpeg
from .glimpse import aside, grey_frames, small_size
from .operations import Stabilise
from .track import Track

SECONDS: Final = {"low": 0.3, "medium": 0.7, "high": 1.5}  # over which the camera's path is smoothed, either way
SMALLEST_SIDE: Final = 64  # the filter's measuring fields do not fit into less
WIDTH: Final = 480  # pixels of the frames compared
COMPARED: Final = 12


def stabilise(track: Track, operation: Stabilise, folder: Path, timeout: float) -> None:
    """Steady the track and note how much of the picture was cropped for it.

    The zoom is the smallest at which no border shows. Raises ``BadArguments`` for a picture that is too small, and
    what :func:`~gpt4video.tools.media.ffmpeg.run_ffmpeg` raises.
    """
    check_size(track)
    motion = folder / f"shake-{id(track):x}.trf"
    measured = aside(track)
    measured.filter_video(f"vidstabdetect=shakiness=6:accuracy=15:result={escaped(motion)}")
    inputs, graph = measured.compile()
    listing = motion.with_suffix(".packets")
    args = ["-filter_complex", graph, "-map", measured.video, "-fps_mode", "passthrough"]
    run_ffmpeg(args, inputs=inputs, output=listing, timeout=timeout)
    listing.unlink()
    before = aside(track)
    smoothing = max(1, round(SECONDS[operation.strength] * float(track.rate)))
    steady = f"vidstabtransform=input={escaped(motion)}:smoothing={smoothing}:optzoom=1:interpol=bicubic"
    track.filter_video(f"{steady},setsar=1,format=yuv420p")
    zoom = _zoom(before, steady, folder, timeout)
    lost = f"{100 * (1 - 1 / zoom):.0f} %" if zoom else "A little"
    track.notes.append(f"Stabilised; {lost} of the picture's width and height went with the shaking borders.")


def check_size(track: Track) -> None:
    """Raise ``BadArguments`` when the picture is too small for its motion to be measured."""
    if min(track.width, track.height) < SMALLEST_SIDE:
        raise BadArguments(
            f"A picture of {track.width}x{track.height} pixels is too small to be stabilised.",
            f"It needs {SMALLEST_SIDE} pixels a side.",
        )


def escaped(path: Path) -> str:
    """A path as it stands in a filter graph: escaped as an option's value, then as a part of the graph."""
    value = "".join(f"\\{char}" if char in "\\':" else char for char in str(path.absolute()))
    return "".join(f"\\{char}" if char in "\\'[],;" else char for char in value)


def _zoom(before: Track, steady: str, folder: Path, timeout: float) -> float:
    """How much larger the steady picture is shown, from pairs of frames; 0 when they hold nothing to go by."""
    width, height = small_size(before, WIDTH)
    left, right = before.split(before.video, "split")
    step = max(1, before.frames // COMPARED)
    small = f"select='not(mod(n,{step}))',scale={width}:{height}:flags=area"
    pair = [before.chain([left], small), before.chain([right], f"{steady},{small}")]
    before.video = before.chain(pair, "hstack")
    frames = grey_frames(before, 2 * width, height, folder, timeout)
    scales = [scale for frame in frames if (scale := _scale(frame[:, :width], frame[:, width:]))]
    return max(1.0, float(np.median(scales))) if scales else 0.0


def _scale(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    import cv2

    one, other = np.ascontiguousarray(one), np.ascontiguousarray(other)
    points: Any = cv2.goodFeaturesToTrack(one, 200, 0.01, 8)
    if points is None or len(points) < 8:
        return 0.0
    moved, found, _error = cv2.calcOpticalFlowPyrLK(one, other, points, None, winSize=(31, 31), maxLevel=4)
    good = found.ravel() == 1
    if good.sum() < 8:
        return 0.0
    matrix, _inliers = cv2.estimateAffinePartial2D(points[good], moved[good])
    return 0.0 if matrix is None else math.hypot(matrix[0, 0], matrix[1, 0])
