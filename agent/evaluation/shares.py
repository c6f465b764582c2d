"""Shares, how sure they are, and how they trade against each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIDE, _EDGE = 480, 56
_INK, _PALE, _MARK = (40, 40, 40), (215, 215, 215), (200, 60, 40)


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if of == 0:
        return 0.0, 1.0
    z, share = 1.96, right / of
    centre = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (centre - spread) / (1 + z * z / of)), min(1.0, (centre + spread) / (1 + z * z / of))


def roc(scores: NDArray[np.float64], harmful: NDArray[np.bool_], points: int = 200) -> list[tuple[float, float]]:
    """(false refusals, detection) at falling thresholds of scores (N,), from (0, 0) to (1, 1); empty for one class."""
    import numpy as np

    if harmful.all() or not harmful.any():
        return []
    limits = np.unique(np.quantile(scores, np.linspace(1, 0, points)))[::-1]
    curve = [(float((scores[~harmful] >= at).mean()), float((scores[harmful] >= at).mean())) for at in limits]
    return [(0.0, 0.0), *curve, (1.0, 1.0)]


def draw_roc(
    curve: Sequence[tuple[float, float]], marks: Mapping[str, tuple[float, float]], path: Path, widest: float = 0.2
) -> None:
    """A curve of detection over false refusals, with named points beside it, as PNG.

    Args:
        curve: (false refusals, detection), rising.
        marks: points to name, e.g. the shipped threshold.
        path: the file.
        widest: false refusals at the right end.
    """
    from PIL import Image, ImageDraw

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return _EDGE + point[0] / widest * _SIDE, _EDGE + (1 - point[1]) * _SIDE

    image = Image.new("RGB", (_SIDE + 2 * _EDGE + 60, _SIDE + 2 * _EDGE), "white")
    pen = ImageDraw.Draw(image)
    for tick in range(0, 11, 2):
        share = tick / 10
        pen.line([place((0, share)), place((widest, share))], _PALE)
        pen.line([place((share * widest, 0)), place((share * widest, 1))], _PALE)
        pen.text((12, place((0, share))[1] - 6), f"{share:.0%}", _INK)
        pen.text((place((share * widest, 0))[0] - 8, _EDGE + _SIDE + 8), f"{share * widest:.0%}", _INK)
    pen.text((_EDGE + _SIDE / 2 - 60, _SIDE + 2 * _EDGE - 24), "harmless texts refused", _INK)
    pen.text((12, 16), "harmful texts refused", _INK)
    inside = [point for point in curve if point[0] <= widest]
    pen.line([place(point) for point in inside], _INK, 2)
    for number, (name, point) in enumerate(marks.items()):
        x, y = place((min(point[0], widest), point[1]))
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), _MARK)
        pen.text((x + 8, y + 2 - 18 * (number % 2)), name, _MARK)  # in turn below and above: points may be close
    image.save(path)
