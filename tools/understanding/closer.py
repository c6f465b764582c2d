"""A closer look at some frames: reading their text, and encoding parts of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import MediaBroken
from .screentext import ScreenText, TextLog
from .vision import FrameEncoder, Images, resize

if TYPE_CHECKING:
    from .ocr import TextLine, TextReader

Floats = NDArray[np.float32]

# Frames in memory at a time: 1.5 MB each at 960 pixels.
_AT_ONCE = 12
_SIDE = 224


class Closer:
    """Decodes chosen frames large, a few at a time, and looks at them.

    Args:
        path: the file.
        size: (width, height) to decode to.
        encoder: scores parts of the picture.
        ocr: reads text; None leaves it out.

    Attributes:
        parts: time of a frame -> class scores (3, C) of three square parts of it.
        lost: what could not be read, empty if all could.
    """

    def __init__(self, path: Path, size: tuple[int, int], encoder: FrameEncoder, ocr: TextReader | None) -> None:
        self._path, self._size, self._encoder, self._ocr = path, size, encoder, ocr
        self.parts: dict[float, Floats] = {}
        self._read: list[tuple[float, list[TextLine] | None]] = []
        self.lost = ""

    def look(self, looks: list[tuple[float, bool]], closer: list[float]) -> None:
        """Read the frames of ``looks`` that differ from the look before, and score parts of the ``closer`` frames.

        Args:
            looks: (time, whether the picture changed since the look before).
            closer: times.
        """
        reads = {time for time, changed in looks if changed}
        needed = sorted(reads | set(closer))
        for first in range(0, len(needed), _AT_ONCE):
            for time, image in self._decode(needed[first : first + _AT_ONCE]):
                if time in closer:
                    self.parts[time] = self._encoder.encode(squares_of(image)).logits
                if time in reads and self._ocr is not None:
                    self._read.append((time, self._ocr.read(image)))
            if self.lost:
                break
        self._read += [(time, None) for time, changed in looks if not changed]

    def texts(self, frame: float) -> list[ScreenText]:
        """On-screen texts with their time ranges; ``frame`` is how many seconds a frame is shown."""
        log = TextLog(frame)
        for time, lines in sorted(self._read, key=lambda one: one[0]):
            if lines is None:
                log.same(time)
            else:
                log.add(time, lines)
        return log.texts()

    def _decode(self, times: list[float]) -> list[tuple[float, NDArray[np.uint8]]]:
        from ..media.decode import sample

        try:
            frames = sample(self._path, times, size=self._size)
        except MediaBroken as error:
            self.lost = f"From {times[0]:.1f} s on, frames could not be looked at closely: {error.message}"
            return []
        return list(zip(times, frames.images, strict=False))


def squares_of(image: NDArray[np.uint8]) -> Images:
    """Three squares along the long side, (3, 224, 224, 3): what is small in the whole is large in one of them."""
    height, width = image.shape[:2]
    short, long = min(height, width), max(height, width)
    side = short if long > 1.25 * short else max(1, round(0.75 * short))
    across = (short - side) // 2
    starts = np.linspace(0, long - side, 3).round().astype(int).tolist()
    corners = [(across, at) if width >= height else (at, across) for at in starts]
    return np.concatenate([resize(image[None, y : y + side, x : x + side], _SIDE, _SIDE) for y, x in corners])
