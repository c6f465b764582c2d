"""Crop to an aspect with a window that follows what moves, or keeps what stands out where nothing does.

Motion is what differs between small grey frames once the camera's own shift is taken away (phase correlation); the
largest connected part of it is the subject. Its path is smoothed over time, weighted by how much moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from .apply import crop_box
from .glimpse import aside, colour_frames, small_size
from .operations import Crop
from .saliency import standing_out
from .track import Track, number

WIDTH: Final = 192  # pixels of the frames looked at
LOOKS: Final = 8.0  # a second
NOTICED: Final = 16  # of 255: smaller differences are noise
CUT: Final = 28.0  # of 255: mean difference between two frames of different shots
SMALLEST: Final = 0.002  # of the picture: less is no subject
CALM: Final = 0.7  # seconds over which the window's path is smoothed
MOST_KNOTS: Final = 200

Path1D = list[tuple[int, float]]
"""Places of the window's centre by frame, both ends included; straight in between."""


def follow(track: Track, operation: Crop, folder: Path, timeout: float) -> None:
    """Crop the track to the operation's aspect; without anything to keep in view about the centre, with a note.

    The size is exact and the window never leaves the picture. Raises what
    :func:`~gpt4video.tools.media.ffmpeg.run_ffmpeg` raises.
    """
    left, top, width, height = crop_box(track, operation)
    across = width < track.width
    room = track.width - width if across else track.height - height
    x, y = str(left), str(top)
    if room:
        size = small_size(track, WIDTH)
        glimpse = aside(track)
        glimpse.filter_video(f"scale={size[0]}:{size[1]}:flags=area")
        full, window = (track.width, width) if across else (track.height, height)
        luma, chroma = colour_frames(glimpse, *size, folder, timeout)

        def still(frame: int) -> float | None:
            return standing_out(_picture(luma[frame], chroma[frame]), window / full, across=across)

        shots = paths(luma, float(track.rate), across=across, still=still)
        if any(shot.kept for shot in shots):
            moving = by_shot([(shot.past, shot.expression(full, window)) for shot in shots])
            x, y = (moving, y) if across else (x, moving)
        track.notes += _notes(shots)
    track.filter_video(f"format=yuv444p,crop={width}:{height}:x='{x}':y='{y}':exact=1,setsar=1,format=yuv420p")
    track.width, track.height = width, height


def _picture(luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    size = (luma.shape[1], luma.shape[0])
    return np.stack([luma, *(np.asarray(cv2.resize(plane, size), np.uint8) for plane in chroma)], axis=2)


def _notes(shots: Sequence[Shot]) -> list[str]:
    if not any(shot.kept for shot in shots):
        return ["Nothing in the picture moves or stands out at a side, so it was cropped about its centre."]
    if not any(shot.kept == "moves" for shot in shots):
        return ["Nothing in the picture moves, so the crop keeps what stands out."]
    return []


@dataclass(frozen=True)
class Shot:
    """Where the subject of a shot is: the window's centre (0 to 1) in every ``step``-th frame from ``first``.

    ``kept`` says why it is the subject; empty when there is none, and the window stays about the centre.
    """

    first: int
    past: int
    step: int
    centres: NDArray[np.float64]
    kept: Literal["moves", "stands out", ""]

    def expression(self, full: int, window: int) -> str:
        """The window's corner in pixels as an expression of the frame's number, inside a side of ``full`` pixels."""
        corners = np.clip(self.centres * full - window / 2, 0, full - window)
        return expression([(self.first + at, corner) for at, corner in simplify(corners, self.step)])


def paths(
    frames: NDArray[np.uint8], rate: float, *, across: bool, still: Callable[[int], float | None] = lambda _frame: None
) -> list[Shot]:
    """Find the subject's path in each shot: at a cut the window jumps with the picture, and is not smoothed over it.

    Where nothing moves, ``still`` is asked for the place of what stands out in the shot's middle frame.
    """
    step = max(1, round(rate / LOOKS))
    changes = [float(np.abs(now.astype(np.int16) - before).mean()) for before, now in pairwise(frames)]
    cuts = [0, *(n for n, change in enumerate(changes, 1) if change > CUT), len(frames)]
    shots = []
    for first, past in pairwise(cuts):
        centres, weights = subjects(frames[first:past:step], across=across)
        if weights.any():
            shots.append(Shot(first, past, step, smooth(centres, weights, CALM * rate / step), "moves"))
        elif (place := still((first + past) // 2)) is not None:
            shots.append(Shot(first, past, step, np.full(len(centres), place), "stands out"))
        else:
            shots.append(Shot(first, past, step, centres, ""))
    return shots


def by_shot(shots: Sequence[tuple[int, str]]) -> str:
    """Expressions, each up to a frame's number, as one."""
    if len(shots) == 1:
        return shots[0][1]
    middle = len(shots) // 2
    return f"if(lt(n,{shots[middle - 1][0]}),{by_shot(shots[:middle])},{by_shot(shots[middle:])})"


def subjects(frames: NDArray[np.uint8], *, across: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the largest moving region is in each frame (0 to 1 along the axis), and how large it is (0: none)."""
    centres, weights = np.full(len(frames), 0.5), np.zeros(len(frames))
    for n, (before, now) in enumerate(pairwise(frames), 1):
        found = _largest(before, now)
        if found is not None:
            centres[n], weights[n] = found[0 if across else 1], found[2]
    if len(frames) > 1:
        centres[0], weights[0] = centres[1], weights[1]
    return centres, weights


def _largest(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> tuple[float, float, float] | None:
    import cv2

    height, width = now.shape
    (dx, dy), sure = cv2.phaseCorrelate(before.astype(np.float32), now.astype(np.float32))
    matrix = np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float64)
    panned = cv2.warpAffine(before, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    still: Any = cv2.absdiff(before, now)
    shifted: Any = cv2.absdiff(panned, now)
    difference = shifted if sure > 0.1 and shifted.sum() < still.sum() else still
    mask = (cv2.GaussianBlur(difference, (5, 5), 0) > NOTICED).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), dtype=np.uint8))
    count, _labels, stats, middles = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    area = float(stats[largest, cv2.CC_STAT_AREA]) / now.size
    if not SMALLEST <= area <= 0.6:  # a cut or a flash changes nearly everything
        return None
    return (middles[largest][0] + 0.5) / width, (middles[largest][1] + 0.5) / height, area


def smooth(places: NDArray[np.float64], weights: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Smooth places with a Gaussian of ``spread`` samples, each counted by its weight; gaps are bridged."""
    sure = np.flatnonzero(weights)
    filled = np.interp(np.arange(len(places)), sure, places[sure])
    trust = np.maximum(weights / weights.max(), 0.05)
    reach = max(1, round(3 * spread))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(spread, 0.3)) ** 2)
    padded = [np.pad(each, reach, mode="edge") for each in (filled * trust, trust)]
    above, below = (np.convolve(each, kernel, mode="valid") for each in padded)
    result: NDArray[np.float64] = above / below
    return result


def simplify(corners: NDArray[np.float64], step: int) -> Path1D:
    """Fewer knots with the same path to within a pixel, or more where there would be too many of them."""
    tolerance = 0.5
    while True:
        kept = {0, len(corners) - 1}
        todo = [(0, len(corners) - 1)]
        while todo:
            low, high = todo.pop()
            line = np.interp(np.arange(low, high + 1), [low, high], [corners[low], corners[high]])
            off = np.abs(corners[low : high + 1] - line)
            if off.max() > tolerance:
                middle = low + int(off.argmax())
                kept.add(middle)
                todo += [(low, middle), (middle, high)]
        if len(kept) <= MOST_KNOTS:
            return [(n * step, float(corners[n])) for n in sorted(kept)]
        tolerance *= 2


def expression(path: Path1D) -> str:
    """The path as an expression of the frame's number ``n``, nested so that few comparisons are made a frame."""
    if len(path) == 1:
        return number(path[0][1])
    if len(path) == 2:
        (begin, place), (end, target) = path
        return f"{place:.3f}+({target - place:.3f})*clip((n-{begin})/{end - begin},0,1)"
    middle = len(path) // 2
    return f"if(lt(n,{path[middle][0]}),{expression(path[: middle + 1])},{expression(path[middle:])})"
