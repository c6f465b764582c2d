"""What stands out in a picture that does not move: unlike what is at its border, in colour or in texture.

Background is what resembles a good part of the border, or touches it far (after "Saliency Optimization from Robust
Background Detection", Zhu et al. 2014). No model, some milliseconds a picture.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 48  # pixels of the longer side that is looked at
BACKGROUND: Final = 0.12  # what is like so much of the border is background, also where a subject touches it
CONTRAST: Final = 14.0  # of 255: less difference from the border is noise
SMALLEST: Final = 0.006  # of the picture: less is no subject
TOUCHING: Final = 0.7  # length of border beside the root of an area, at which it is half background
WEIGHTS: Final = (0.6, 1.5, 1.5, 2.0)  # of luma, chroma (which spans less of its range) and texture
CORE: Final = 0.5  # of the strongest: less does not belong to the subject
BETTER: Final = 1.2  # how much more a window must hold than the one about the centre

Floats = NDArray[np.float64]


def standing_out(picture: NDArray[np.uint8], share: float, *, across: bool) -> float | None:
    """Where the middle of a window should be, 0 to 1 along the axis, to keep what stands out.

    ``picture`` is YUV, uint8 (H, W, 3); ``share`` is the window's part of the axis. None when nothing stands out, or
    a window about the centre holds it as well.
    """
    profile = saliency(picture).sum(axis=0 if across else 1)
    if not profile.any():
        return None
    length = len(profile)
    places = (np.arange(length) + 0.5) / length
    sums = np.concatenate([[0.0], np.cumsum(profile)])
    ends = np.arange(length + 1) / length

    def held(middle: float) -> float:
        low, high = np.interp([middle - share / 2, middle + share / 2], ends, sums)
        return float(high - low)

    best = max(np.linspace(share / 2, 1 - share / 2, 4 * length), key=held)
    if held(best) < BETTER * held(0.5):
        return None
    inside = np.abs(places - best) <= share / 2
    return float(np.average(places[inside], weights=profile[inside] + 1e-9))


def saliency(picture: NDArray[np.uint8]) -> Floats:
    """How much each part of a picture stands out, (h, w), 0 where nothing does."""
    import cv2

    features = _features(picture)
    contrast = _unlike_border(features)
    found = contrast > max(CONTRAST, CORE * contrast.max())
    _count, labels = cv2.connectedComponents(found.astype(np.uint8))
    result = np.where(found, contrast, 0.0)
    edges = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    for label in np.unique(labels[found]):
        inside = labels == label
        touching = (edges == label).sum() / np.sqrt(inside.sum())  # high for a sky or a floor, low for a subject
        result[inside] *= np.exp(-0.5 * (touching / TOUCHING) ** 2) * (inside.mean() > SMALLEST)
    smooth = np.asarray(cv2.GaussianBlur(result, (3, 3), 0), dtype=np.float64)
    return np.where(smooth > CORE * smooth.max(), smooth, 0.0)


def _features(picture: NDArray[np.uint8]) -> Floats:
    """Colours and how busy the texture is, small: (h, w, 4)."""
    import cv2

    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    busy: Any = cv2.absdiff(picture[..., 0], cv2.GaussianBlur(picture[..., 0], (5, 5), 0))
    layers = np.dstack([picture, busy]).astype(np.float32)
    small: Any = cv2.GaussianBlur(cv2.resize(layers, size, interpolation=cv2.INTER_AREA), (3, 3), 0)
    return np.asarray(small, dtype=np.float64) * WEIGHTS


def _unlike_border(features: Floats) -> Floats:
    """Distance of each part from what a good part of the border is like."""
    border = np.concatenate([features[0], features[-1], features[1:-1, 0], features[1:-1, -1]])
    away = np.linalg.norm(features[:, :, None] - border[None, None], axis=3)
    result: Floats = np.quantile(away, BACKGROUND, axis=2)
    return result
