"""Finding lines of text: PP-OCRv4's detector, in a picture or in the parts of it where a hint sees a chance.

Differentiable binarisation: Liao et al., "Real-time Scene Text Detection with Differentiable Binarization" (2020,
arXiv 1911.08947).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Cells = NDArray[np.bool_]
Part = tuple[int, int, int, int]

# Text is found at this size and read at the picture's own. Measured against 960: the same captions and titles found,
# half the time, fewer false finds on textures.
LONG_SIDE = 736
_PIXEL, _BOX, _UNCLIP = 0.3, 0.5, 1.6
_MOST_BOXES = 100
_LEAST_SIDE = 4
# Cells around hinted ones that are searched too: the detector wants some ground around a line.
_ACROSS, _DOWN = 2, 1
# What a run of the detector costs on top of its area, in shares of the picture; above the second, parts do not pay.
_RUN, _MOST = 0.02, 0.7
_EDGE = 6  # pixels; a line this near to the edge of a part is taken to go on beyond it


class TextFinder:
    """Where lines of text are.

    Args:
        session: the loaded detector.
        side: the picture's long side when it is searched, pixels.
    """

    def __init__(self, session: Any, *, side: int = LONG_SIDE) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._side = side

    def find(self, image: Image, cells: Cells | None = None) -> list[Floats]:
        """Corners (4, 2) in pixels, clockwise from the top left, of every line in a picture (H, W, 3) RGB.

        ``cells`` (h, w) divides the picture evenly and says where to search; None searches everywhere.
        """
        height, width = image.shape[:2]
        scale = min(1.0, self._side / max(height, width))
        whole = (0, 0, width, height)
        parts = [whole] if cells is None else parts_of(cells, (width, height))
        found = [(part, self._search(image, part, scale)) for part in parts]
        if any(_cut(box, part, whole) for part, boxes in found for box in boxes):
            return self._search(image, whole, scale)  # the hint saw a piece of a line only
        return [box for _, boxes in found for box in boxes]

    def _search(self, image: Image, part: Part, scale: float) -> list[Floats]:
        import cv2

        left, top, right, bottom = part
        size = [max(32, round(side * scale / 32) * 32) for side in (right - left, bottom - top)]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(image[top:bottom, left:right], size, interpolation=how)
        # The networks were trained on BGR.
        x = resized[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        heat: Floats = self._session.run(None, {self._input: x})[0][0, 0]
        factor = np.array([(right - left) / size[0], (bottom - top) / size[1]], np.float32)
        corner = np.array([left, top], np.float32)
        return [(box * factor + corner).astype(np.float32) for box in _boxes(heat)]


def _cut(box: Floats, part: Part, whole: Part) -> bool:
    """Whether a line reaches an edge of the part where the picture goes on."""
    low, high = box.min(axis=0), box.max(axis=0)
    near = [low[0] - part[0], low[1] - part[1], part[2] - high[0], part[3] - high[1]]
    return any(gap < _EDGE and part[side] != whole[side] for side, gap in enumerate(near))


def parts_of(cells: Cells, size: tuple[int, int]) -> list[Part]:
    """Parts (left, top, right, bottom) of a picture of ``size`` (width, height) that hold all marked cells, apart."""
    import cv2

    if not cells.any():
        return []
    near = cv2.dilate(cells.astype(np.uint8), np.ones((2 * _DOWN + 1, 2 * _ACROSS + 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    parts: list[Part] = [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats[1:]]
    joined = True
    while joined:
        joined = False
        for one, other in combinations(parts, 2):
            both = _hull(one, other)
            if _area(both) <= _area(one) + _area(other) + _RUN * cells.size:
                parts = [part for part in parts if part not in (one, other)] + [both]
                joined = True
                break
    if sum(map(_area, parts)) > _MOST * cells.size:
        parts = [(0, 0, cells.shape[1], cells.shape[0])]
    across, down = size[0] / cells.shape[1], size[1] / cells.shape[0]
    return [
        (int(left * across), int(top * down), min(size[0], round(right * across)), min(size[1], round(bottom * down)))
        for left, top, right, bottom in parts
    ]


def _hull(one: Part, other: Part) -> Part:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _area(part: Part) -> int:
    return (part[2] - part[0]) * (part[3] - part[1])


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
