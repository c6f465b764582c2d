"""Finding lines of text: PP-OCRv4's detector.

Differentiable binarisation: Liao et al., "Real-time Scene Text Detection with Differentiable Binarization" (2020,
arXiv 1911.08947).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .network import Network

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

# Text is found at this size and read at the picture's own. Measured against 960: the same captions and titles found,
# half the time, fewer false finds on textures.
LONG_SIDE = 736
_PIXEL, _BOX, _UNCLIP = 0.3, 0.5, 1.6
_MOST_BOXES = 100
_LEAST_SIDE = 4


class TextFinder:
    """Where lines of text are.

    Args:
        network: the loaded detector.
        side: the picture's long side when it is searched, pixels.
    """

    def __init__(self, network: Network, *, side: int = LONG_SIDE) -> None:
        self._network = network
        self._side = side

    def find(self, image: Image) -> list[Floats]:
        """Corners (4, 2) in pixels, clockwise from the top left, of every line in a picture (H, W, 3) RGB."""
        import cv2

        height, width = image.shape[:2]
        scale = min(1.0, self._side / max(height, width))
        size = [max(32, round(side * scale / 32) * 32) for side in (width, height)]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(image, size, interpolation=how)
        # The networks were trained on BGR.
        x = resized[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        heat: Floats = self._network(x)[0][0, 0]
        factor = np.array([width / size[0], height / size[1]], np.float32)
        return [(box * factor).astype(np.float32) for box in _boxes(heat)]


def _boxes(heat: Floats) -> list[Floats]:
    """Probability map (H, W) -> corners (4, 2) of the text regions, grown back to full size."""
    import cv2

    mask = cv2.dilate((heat > _PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Floats] = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:_MOST_BOXES]:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < 3 or _inside(heat, cv2.boxPoints(rectangle)) < _BOX:
            continue
        grown = _grow(cv2.boxPoints(rectangle))
        if grown is None:
            continue
        rectangle = cv2.minAreaRect(grown)
        if min(rectangle[1]) >= _LEAST_SIDE + 2:
            corners = _clockwise(cv2.boxPoints(rectangle))
            found.append(np.clip(corners, 0, [heat.shape[1], heat.shape[0]]).astype(np.float32))
    return found


def _inside(heat: Floats, box: Floats) -> float:
    """Mean probability within a box."""
    import cv2

    low = np.clip(np.floor(box.min(axis=0)).astype(int), 0, None)
    high = np.ceil(box.max(axis=0)).astype(int) + 1
    part = heat[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [(box - low).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])


def _grow(box: Floats) -> NDArray[np.float32] | None:
    """The detector marks shrunken regions: offset the box outwards by area * ratio / perimeter."""
    import cv2
    import pyclipper

    distance = cv2.contourArea(box) * _UNCLIP / max(cv2.arcLength(box, True), 1e-6)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath([tuple(map(int, point)) for point in box.round()], pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    grown = offset.Execute(distance)
    return np.array(max(grown, key=len), np.float32) if grown else None


def _clockwise(box: Floats) -> Floats:
    """Corners from the top left on, clockwise."""
    by_x = box[np.argsort(box[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    left, right = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.stack([left[0], right[0], right[1], left[1]])
