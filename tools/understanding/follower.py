"""Reading a video's frames: search where there may be text, read what was not read before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ocr import TextLine, TextReader, in_reading_order, straighten
from .texthint import TextHint, text_hint

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Cells = NDArray[np.bool_]

# A line is kept while its strokes agree with those that were read everywhere along it, and are about as strong: a title
# that fades in is read again. Windows are as wide as two letters.
_AGREE, _STRENGTH = 0.8, 1.3
_SURE = 0.9
_HEIGHT, _WINDOW = 24, 25


@dataclass(frozen=True)
class _Known:
    """A line that was read, its corners in pixels, and how its strokes look."""

    line: TextLine
    corners: Floats
    strokes: Floats


class TextFollower:
    """Reads the frames of one clip in order of time.

    Args:
        reader: finds and reads.
        hint: says where there may be text, the shipped one if not given.
    """

    def __init__(self, reader: TextReader, hint: TextHint | None = None) -> None:
        self._reader, self._hint = reader, hint or text_hint()
        self._known: list[_Known] = []

    def read(self, image: Image, cells: Cells | None = None) -> list[TextLine]:
        """A frame (H, W, 3) RGB, later than those before, all of one size -> its lines in reading order.

        ``cells`` is where the hint saw a chance in the small frame, if it was asked already.
        """
        cells = self._hint.cells(image) if cells is None else cells
        kept = [known for known in self._known if cells.any() and _still_there(known, image)]
        kept, new = _apart(cells, kept, image.shape[1], image.shape[0])
        lines = self._reader.lines(image, self._reader.find(image, new)) if new.any() else []
        size = np.array([image.shape[1], image.shape[0]], np.float32)
        read = [(line, (line.box * size).astype(np.float32)) for line in lines]
        self._known = kept + [_Known(line, box, _strokes(straighten(image, box))) for line, box in read]
        return in_reading_order([known.line for known in self._known])


def _still_there(known: _Known, image: Image) -> bool:
    """Whether a line stands where it stood and says what it said, whatever moves behind it."""
    import cv2

    if known.line.score < _SURE or known.corners.max() > max(image.shape):
        return False
    before, now = known.strokes, _strokes(straighten(image, known.corners))
    if before.shape != now.shape:
        return False

    def along(product: Floats) -> Floats:
        return np.asarray(cv2.blur(product.mean(axis=0)[None], (_WINDOW, 1))[0], np.float32)

    old, new, both = along(before**2), along(now**2), along(before * now)
    inked = old > 0.1 * old.max()
    strength = float(np.sqrt(new.mean() / max(float(old.mean()), 1e-6)))
    if not 1 / _STRENGTH <= strength <= _STRENGTH:
        return False
    return float((both / np.sqrt(old * new + 1.0))[inked].min(initial=1.0)) >= _AGREE


def _strokes(crop: Image) -> Floats:
    """A line (H, W, 3), level -> its strokes (24, W'), without slow changes of light."""
    import cv2

    width = max(1, round(_HEIGHT * crop.shape[1] / crop.shape[0]))
    grey = cv2.cvtColor(cv2.resize(crop, (width, _HEIGHT), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    fine = grey.astype(np.float32)
    return np.asarray(fine - cv2.blur(fine, (13, 13)), np.float32)


def _apart(cells: Cells, kept: list[_Known], width: int, height: int) -> tuple[list[_Known], Cells]:
    """Which lines need not be searched again, and the cells that must be.

    A line whose cells go on beyond it may have grown: it is searched for with what is new.
    """
    import cv2

    covers = [_cells_under(known.corners, cells.shape, width, height) for known in kept]
    covered = np.logical_or.reduce([np.zeros_like(cells), *covers])
    _, groups = cv2.connectedComponents((cells | covered).astype(np.uint8), connectivity=8)
    fresh = set(np.unique(groups[cells & ~covered]).tolist())
    again = np.isin(groups, list(fresh)) & (groups > 0)
    stay = [known for known, cover in zip(kept, covers, strict=True) if not (again & cover).any()]
    return stay, np.asarray(again & (cells | covered))


def _cells_under(corners: Floats, shape: tuple[int, ...], width: int, height: int) -> Cells:
    """The cells that a line touches, and those next to them."""
    scale = np.array([shape[1] / width, shape[0] / height], np.float32)
    low = np.floor(corners.min(axis=0) * scale).astype(int) - 1
    high = np.ceil(corners.max(axis=0) * scale).astype(int) + 1
    cover = np.zeros(shape, np.bool_)
    cover[max(0, low[1]) : high[1], max(0, low[0]) : high[0]] = True
    return cover
