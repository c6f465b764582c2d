"""From the network's small, slow clip to one that can be shown: motion-compensated frames between, edges upscaled."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Floats = NDArray[np.float32]


def resize_clip(clip: Frames, width: int, height: int) -> Frames:
    """(T, H, W, 3) -> (T, height, width, 3), by area when shrinking."""
    import cv2

    shrinks = height < clip.shape[1] or width < clip.shape[2]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.stack([cv2.resize(frame, (width, height), interpolation=how) for frame in clip])


def fit_square(clip: Frames, side: int) -> Frames:
    """(T, H, W, 3) -> (T, side, side, 3): the middle square, scaled."""
    height, width = clip.shape[1:3]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return resize_clip(clip[:, top : top + edge, left : left + edge], side, side)


def spread(clip: Frames, count: int) -> Frames:
    """Choose or repeat frames so that there are ``count``, evenly over time."""
    rows = np.linspace(0, len(clip) - 1, count).round().astype(int)
    chosen: Frames = clip[rows]
    return chosen


def _flow(before: Frames, after: Frames) -> Floats:
    import cv2

    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after)]
    make: Any = vars(cv2)["DISOpticalFlow_create"]  # not in OpenCV's type stubs
    dis = make(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow: Floats = dis.calc(grey[0], grey[1], None)
    return flow


def _warp(frame: Frames, flow: Floats, share: float) -> Floats:
    """The frame moved backwards along ``share`` of the flow."""
    import cv2

    height, width = frame.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    there = cv2.remap(frame, x - share * flow[..., 0], y - share * flow[..., 1], cv2.INTER_LINEAR,
                      borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    return np.asarray(there, np.float32)


def interpolate(clip: Frames, count: int) -> Frames:
    """Resample a clip (T, H, W, 3) to ``count`` frames, moving what moves instead of fading it."""
    if count == len(clip):
        return clip
    forward = [_flow(a, b) for a, b in itertools.pairwise(clip)]
    backward = [_flow(b, a) for a, b in itertools.pairwise(clip)]
    out = np.empty((count, *clip.shape[1:]), np.uint8)
    for index, moment in enumerate(np.linspace(0, len(clip) - 1, count)):
        left = min(int(moment), len(clip) - 2)
        share = float(moment - left)
        if share < 1e-3 or share > 1 - 1e-3:
            out[index] = clip[left + round(share)]
            continue
        early = _warp(clip[left], forward[left], share)
        late = _warp(clip[left + 1], backward[left], 1 - share)
        out[index] = (early * (1 - share) + late * share).round().clip(0, 255).astype(np.uint8)
    return out


def upscale(clip: Frames, width: int, height: int) -> Frames:
    """Enlarge (T, H, W, 3) and sharpen the edges that enlarging has blurred (shock filter, Osher and Rudin 1990)."""
    import cv2

    out = np.empty((len(clip), height, width, 3), np.uint8)
    for index, frame in enumerate(clip):
        big = cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        for _ in range(max(1, round(width / frame.shape[1] / 2))):
            big = _shock(cv2.GaussianBlur(big, (0, 0), 1.0))
        out[index] = big.round().clip(0, 255).astype(np.uint8)
    return out


def _shock(picture: Floats) -> Floats:
    """One step towards the local minimum where the picture curves up and towards the maximum where it curves down."""
    import cv2

    luma = cv2.GaussianBlur(picture.mean(2), (0, 0), 1.5)
    curve = cv2.Laplacian(luma, cv2.CV_32F, ksize=3)[..., None]
    kernel = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(picture, kernel), cv2.dilate(picture, kernel)
    share = np.tanh(np.abs(curve) / 4.0)
    sharper: Floats = picture + share * (np.where(curve > 0, low, high) - picture)
    return sharper
